package pipeline_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

func TestParam(t *testing.T) {
	t.Parallel()
	x := &pipeline.Exchange{}
	require.Empty(t, x.Param("id"))
	x.SetParams([]string{"id", "name"}, &[pipeline.MaxParams]string{"7", "x", "beyond"})
	require.Equal(t, "7", x.Param("id"))
	require.Equal(t, "x", x.Param("name"))
	require.Empty(t, x.Param("other"))
}

func TestDecisionsBearTheirTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		x := exchange(http.MethodGet, "/", "")
		x.Decide(pipeline.Decision{Stage: "without a start"})
		x.Start = time.Now()
		time.Sleep(time.Second)
		x.Decide(pipeline.Decision{Stage: "later"})
		x.Decide(pipeline.Decision{Stage: "given", At: time.Minute})
		require.Equal(t, []pipeline.Decision{
			{Stage: "without a start"}, {Stage: "later", At: time.Second}, {Stage: "given", At: time.Minute},
		}, x.Decisions())
	})
}

func TestMoreRecordsThanThereIsInlineRoomForAreKept(t *testing.T) {
	t.Parallel()
	x := exchange(http.MethodGet, "/", "")
	for range 25 {
		x.Decide(pipeline.Decision{Stage: "s"})
		x.Tried(pipeline.Attempt{Endpoint: "e"})
	}
	require.Len(t, x.Decisions(), 25)
	require.Len(t, x.Attempts(), 25)
}

func TestVerdictsAndPhasesHaveNames(t *testing.T) {
	t.Parallel()
	text, err := pipeline.Deny.MarshalText()
	require.NoError(t, err)
	require.Equal(t, "deny", string(text))
	require.Equal(t, "undecided", pipeline.Verdict(200).String())
	require.Equal(t, "authenticate", pipeline.Authenticate.String())
	require.Equal(t, "350", (pipeline.Authenticate + 50).String())
}
