package registry_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/registry"
)

// heardAt is a source that was heard at a time; contact is all that is asked of
// it.
type heardAt struct {
	registry.Source
	at time.Time
}

func (h heardAt) Contact() time.Time { return h.at }

func TestMergedSourcesAreInContactAsTheMostSilentOfThem(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, tt := range []struct {
		name string
		of   []registry.Source
		want time.Time
	}{
		{"one", []registry.Source{heardAt{at: now}}, now},
		{"the longer ago counts", []registry.Source{heardAt{at: now}, heardAt{at: now.Add(-time.Hour)}, heardAt{at: now.Add(-time.Minute)}}, now.Add(-time.Hour)},
		{"one that was never heard", []registry.Source{heardAt{at: now}, heardAt{}}, time.Time{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, registry.Merge(tt.of...).(registry.Contacted).Contact())
		})
	}
	_, tells := registry.Merge(heardAt{}, heardAt{}.Source).(registry.Contacted)
	require.False(t, tells, "one that cannot tell makes the whole unable to")
}
