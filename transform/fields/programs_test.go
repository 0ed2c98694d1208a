package fields

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProgramsAreKeptWithinABound(t *testing.T) {
	t.Parallel()
	ps := newPrograms()
	for i := range 3 * maxPrograms {
		list := []string{fmt.Sprintf("f%d", i)}
		require.Equal(t, list, ps.of(list).fields)
		require.Same(t, ps.of(list), ps.of(list), "it is compiled each time")
		require.LessOrEqual(t, len(*ps.kept.Load()), maxPrograms)
	}
}

func TestListsOfOneHashAreToldApart(t *testing.T) {
	t.Parallel()
	ps := newPrograms()
	ps.keep(nil, ps.key([]string{"a"}), ps.compile([]string{"b"}))
	require.Equal(t, []string{"a"}, ps.of([]string{"a"}).fields)
}
