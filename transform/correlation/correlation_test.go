package correlation_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
	"github.com/seed-f9645bd3/gateway/transform/correlation"
)

var uuid7 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func stages(t testing.TB, c correlation.Config, opts ...correlation.Option) []pipeline.Stage {
	t.Helper()
	kinds, err := pipeline.NewKinds(correlation.Kind(opts...))
	require.NoError(t, err)
	scope := pipeline.NewScope(pipeline.NewPool(), nil)
	t.Cleanup(scope.Close)
	p := correlation.Policy(c)
	made, err := pipeline.Make[[]pipeline.Stage](scope.Env(pipeline.Workshop{Kinds: kinds}, nil, p.String()), p)
	require.NoError(t, err)
	return made
}

func exchange(ids ...string) *pipeline.Exchange {
	x := &pipeline.Exchange{In: httptest.NewRequest("GET", "/", nil)}
	if len(ids) > 0 {
		x.In.Header["X-Request-Id"] = ids
	}
	return x
}

// run serves x and returns the id that the backend was sent.
func run(t testing.TB, x *pipeline.Exchange, s ...pipeline.Stage) (sent []string) {
	t.Helper()
	_, err := pipeline.Chain(func(_ context.Context, x *pipeline.Exchange) (*http.Response, error) {
		sent = x.Values("X-Request-Id")
		return pipeline.Respond(x, 204, "", nil), nil
	}, s...)(t.Context(), x)
	require.NoError(t, err)
	return sent
}

func TestUsableIDsOfCallersAreTaken(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]string{
		"one character":          "a",
		"a UUID":                 "0190f5fe-7c00-7a00-8000-0123456789ab",
		"every kind of sign":     "aZ09-._~:/+=@",
		"an id of load balancer": "Root=1-67891233-abcdef012345678912345678",
		"128 characters":         strings.Repeat("x", 128),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := exchange(id)
			require.Equal(t, []string{id}, run(t, x, stages(t, correlation.Config{})...))
			require.Equal(t, id, x.ID)
			require.Equal(t, id, x.Reply.Get("X-Request-Id"))
			require.Empty(t, x.Decisions())
		})
	}
}

func TestOthersAreReplaced(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		config correlation.Config
		ids    []string
		warned bool
	}{
		"none":                       {ids: nil},
		"an empty one":               {ids: []string{""}, warned: true},
		"129 characters":             {ids: []string{strings.Repeat("x", 129)}, warned: true},
		"a space":                    {ids: []string{"a b"}, warned: true},
		"a newline":                  {ids: []string{"a\nb"}, warned: true},
		"a quote":                    {ids: []string{`a"b`}, warned: true},
		"markup":                     {ids: []string{"<script>"}, warned: true},
		"a letter beyond ASCII":      {ids: []string{"ä"}, warned: true},
		"two ids":                    {ids: []string{"a", "b"}, warned: true},
		"a usable one never taken":   {config: correlation.Config{Accept: "never"}, ids: []string{"a"}},
		"an unusable one never read": {config: correlation.Config{Accept: "never"}, ids: []string{"a b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := exchange(tc.ids...)
			sent := run(t, x, stages(t, tc.config)...)
			require.Regexp(t, uuid7, x.ID)
			require.Equal(t, []string{x.ID}, sent)
			require.Equal(t, x.ID, x.Reply.Get("X-Request-Id"))
			require.Equal(t, tc.warned, len(x.Decisions()) == 1)
			if tc.warned {
				require.Equal(t, correlation.CodeReplaced, x.Decisions()[0].Code)
				require.Equal(t, pipeline.Warn, x.Decisions()[0].Verdict)
			}
		})
	}
}

func TestIDsDifferAndSort(t *testing.T) {
	t.Parallel()
	s := stages(t, correlation.Config{})
	seen := map[string]bool{}
	start := time.UnixMilli(1_700_000_000_000)
	last := ""
	for i := range 1000 {
		x := exchange()
		x.Start = start.Add(time.Duration(i) * time.Millisecond)
		run(t, x, s...)
		require.False(t, seen[x.ID])
		require.Less(t, last, x.ID)
		seen[x.ID], last = true, x.ID
	}
}

func TestAnIDIsMadeOfTimeAndRandomBytes(t *testing.T) {
	t.Parallel()
	x := exchange()
	x.Start = time.UnixMilli(0x0190f5fe7c00)
	run(t, x, stages(t, correlation.Config{}, correlation.Random(bytes.NewReader(bytes.Repeat([]byte{0xff}, 10))))...)
	require.Equal(t, "0190f5fe-7c00-7fff-bfff-ffffffffffff", x.ID)
}

func TestWithoutRandomnessTheExchangeEnds(t *testing.T) {
	t.Parallel()
	dry := errors.New("dry")
	_, err := pipeline.Chain(func(context.Context, *pipeline.Exchange) (*http.Response, error) {
		t.Error("the backend was asked")
		return nil, nil
	}, stages(t, correlation.Config{}, correlation.Random(iotest.ErrReader(dry)))...)(t.Context(), exchange())
	require.ErrorIs(t, err, dry)
}

func TestRefusalsCarryTheID(t *testing.T) {
	t.Parallel()
	x := exchange("abc")
	_, err := pipeline.Chain(func(context.Context, *pipeline.Exchange) (*http.Response, error) {
		return nil, pipeline.Refuse(401, "no", "")
	}, stages(t, correlation.Config{})...)(t.Context(), x)
	require.Error(t, err)
	require.Equal(t, "abc", x.Reply.Get("X-Request-Id"))
}

func TestTheFieldIsASetting(t *testing.T) {
	t.Parallel()
	x := exchange()
	x.In.Header.Set("X-Correlation-Id", "abc")
	run(t, x, stages(t, correlation.Config{Header: "x-correlation-id", Reply: "off"})...)
	require.Equal(t, "abc", x.ID)
	require.Equal(t, "abc", x.Get("X-Correlation-Id"))
	require.Empty(t, x.Reply)
}

func TestARouteKeepsTheIDOfTheEdge(t *testing.T) {
	t.Parallel()
	edge := stages(t, correlation.Config{Accept: "never"})
	inner := stages(t, correlation.Config{Header: "X-Trace"})
	x := exchange("abc")
	x.In.Header.Set("X-Trace", "forged")
	run(t, x, append(edge, inner...)...)
	require.Regexp(t, uuid7, x.ID)
	require.Equal(t, x.ID, x.Get("X-Trace"))
	require.Equal(t, x.ID, x.Reply.Get("X-Trace"))
}

func TestForksHaveTheID(t *testing.T) {
	t.Parallel()
	x := exchange("abc")
	run(t, x, stages(t, correlation.Config{})...)
	require.Equal(t, "abc", x.Fork().ID)
}

func TestSettingsAreRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		config      correlation.Config
		field, want string
	}{
		"a field that is no token":       {correlation.Config{Header: "X Id"}, "/header", "name of a field"},
		"a field of the connection":      {correlation.Config{Header: "Upgrade"}, "/header", "one connection"},
		"another rule of taking":         {correlation.Config{Accept: "always"}, "/accept", "never, valid"},
		"another way to answer or not":   {correlation.Config{Reply: "yes"}, "/reply", `unknown choice "yes"`},
		"a rule of taking, nearly right": {correlation.Config{Accept: "vaild"}, "/accept", `did you mean "valid"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := correlation.New(tc.config)
			faults := registry.AsFaults(err)
			require.Len(t, faults, 1, "%v", err)
			require.Equal(t, tc.field, faults[0].Field)
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func TestTheStageStandsOutsideAndVariesWithNothing(t *testing.T) {
	t.Parallel()
	s := stages(t, correlation.Config{})
	require.Len(t, s, 1)
	require.Equal(t, pipeline.Observe, s[0].Phase)
	require.Equal(t, "correlation_id", s[0].Name)
	require.Empty(t, s[0].Vary(exchange("abc")))
}

func BenchmarkCorrelation(b *testing.B) {
	for name, x := range map[string]*pipeline.Exchange{"accepted": exchange("abc"), "made": exchange()} {
		b.Run(name, func(b *testing.B) {
			resp := &http.Response{StatusCode: 204, Header: http.Header{}}
			h := pipeline.Chain(func(context.Context, *pipeline.Exchange) (*http.Response, error) {
				return resp, nil
			}, stages(b, correlation.Config{})...)
			none := x.Mark()
			b.ReportAllocs()
			for b.Loop() {
				x.Restore(none)
				x.ID = ""
				_, _ = h(b.Context(), x)
			}
		})
	}
}

func FuzzValid(f *testing.F) {
	for _, s := range []string{"", "a", "a b", "a\n", strings.Repeat("x", 129), "Root=1-2"} {
		f.Add(s)
	}
	plain := regexp.MustCompile(`^[-A-Za-z0-9._~:/+=@]{1,128}\z`)
	f.Fuzz(func(t *testing.T, id string) {
		require.Equal(t, plain.MatchString(id), correlation.Valid(id))
	})
}
