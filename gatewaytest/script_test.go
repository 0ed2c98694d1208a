package gatewaytest

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// handmade is a stand without a gateway: it hands each request to its one
// backend and says what it was told to.
type handmade struct {
	backends *backends
	files    map[string]string
	configs  []string
	refuse   error
	before   int
}

func newHandmade() *handmade {
	h := &handmade{backends: newBackends(), files: map[string]string{}}
	h.backends.add("users")
	return h
}

func (h *handmade) file(name string, data []byte) error {
	h.files[name] = string(data)
	return nil
}

func (h *handmade) configure(_, data string) error {
	h.configs = append(h.configs, data)
	return h.refuse
}

func (h *handmade) backend(name string, handler http.Handler) error {
	b := h.backends.get(name)
	if b == nil {
		return errors.New("no such upstream")
	}
	b.serve(handler)
	return nil
}

func (h *handmade) do(r *http.Request) Result {
	rec := httptest.NewRecorder()
	r.Header.Set("X-Client", r.RemoteAddr)
	err := serve(h.backends.get("users"), rec, r)
	got := Result{Status: rec.Code, Header: rec.Header(), Body: rec.Body.String(), Err: err, Route: "the-route"}
	if err != nil {
		got.Status, got.Code = Outcome(err)
	}
	got.Decisions = []pipeline.Decision{
		{Stage: "a", Verdict: pipeline.Pass},
		{Stage: "b", Verdict: pipeline.Warn, Code: "odd"},
		{Stage: "c", Verdict: pipeline.Deny, Code: "nope"},
	}
	return got
}

func (h *handmade) seen() []Seen {
	all := h.backends.all()
	news := all[h.before:]
	h.before = len(all)
	return news
}

// playing plays a script against a handmade stand, and returns how it went.
func playing(t *testing.T, h *handmade, script string) *double {
	t.Helper()
	steps, err := parseScript(script)
	require.NoError(t, err)
	return judge(t, check[stand]{run: func(t testing.TB, s stand) { play(t, steps, s) }}, stand(h))
}

const goodScript = `What a script can do.

-- key.txt --
the key
-- gateway.yaml --
routes: []
-- backend users --
201
X-Made: yes
X-Many: a
X-Many: b

first
-- backend users --
echo
-- request --
POST /users?a=b
Host: api.example
Client: 10.0.0.1
X-Sent: yes

hello
world
-- response --
201
X-Made: yes
x-many: a, b
X-Made~: ^y
!X-None
# a comment

first
-- route --
the-route
-- decisions --
a pass
...
c deny nope
-- upstream users --
POST /users?a=b
Host: api.example
X-Sent: yes
X-Client: 10.0.0.1:1234

hello
world
-- request --
PUT /users
Body-Length: unknown
Client: 2001:db8::1

chunks
-- response --
200

~ ^ch.*s$
-- decisions --
a pass
b warn odd
c deny nope
-- upstream --
PUT /users
X-Client: [2001:db8::1]:1234
-- backend users --
reset
-- request --
GET /
-- response --
502 upstream_failed
-- upstream --
GET /
`

func TestScriptPlays(t *testing.T) {
	t.Parallel()
	h := newHandmade()
	d := playing(t, h, goodScript)
	require.False(t, d.Failed(), d.log.String())
	require.Equal(t, map[string]string{"key.txt": "the key\n"}, h.files)
	require.Equal(t, []string{"routes: []\n"}, h.configs)
}

func TestScriptSeesWhatIsNotAsItShouldBe(t *testing.T) {
	t.Parallel()
	const before = "-- gateway.yaml --\n-- backend users --\n200\nX-Made: yes\n\nhello\n-- request --\nGET /a\nX-Sent: yes\n-- response --\n"
	tests := []struct{ name, behind, says string }{
		{"the status", "201\n", "status is 200"},
		{"the code", "200 nope\n", "not 200 nope"},
		{"a field", "200\nX-Made: no\n", `X-Made is "yes", not "no"`},
		{"a pattern of a field", "200\nX-Made~: ^n\n", "does not match"},
		{"a field that is missing", "200\nX-None: a\n", "X-None is missing"},
		{"a field that should not be there", "200\n!X-Made\n", "X-Made is there"},
		{"the body", "200\n\nother\n", `body is "hello", not "other"`},
		{"an empty body", "200\n\n", `body is "hello", not ""`},
		{"a pattern of the body", "200\n\n~ ^x\n", "does not match"},
		{"the route", "200\n-- route --\nother\n", `route is "the-route", not "other"`},
		{"a decision too few", "200\n-- decisions --\na pass\nb warn odd\n", "decisions are"},
		{"a decision too many", "200\n-- decisions --\na pass\nb warn odd\nc deny nope\nd pass\n", "decisions are"},
		{"another decision", "200\n-- decisions --\na deny\n...\n", "decisions are"},
		{"no decision", "200\n-- decisions --\n", "decisions are"},
		{"nothing forwarded", "200\n-- upstream none --\n", "saw 1 requests, not 0"},
		{"forwarded twice", "200\n-- upstream --\nGET /a\n-- upstream --\nGET /a\n", "saw 1 requests, not 2"},
		{"forwarded elsewhere", "200\n-- upstream orders --\nGET /a\n", "it went to users, not orders"},
		{"forwarded otherwise", "200\n-- upstream --\nGET /b\n", `it is "GET /a", not "GET /b"`},
		{"a field that was forwarded", "200\n-- upstream --\nGET /a\n!X-Sent\n", "X-Sent is there"},
		{"a body that was forwarded", "200\n-- upstream --\nGET /a\n\nbody\n", `body is "", not "body"`},
		{"the faults", "200\n-- gateway.yaml --\n-- faults --\nwrong\n", "is taken"},
		{"a backend that is not there", "200\n-- backend orders --\n200\n", "no such upstream"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := playing(t, newHandmade(), before+test.behind)
			require.True(t, d.Failed(), "it is not seen")
			require.Contains(t, d.log.String(), test.says)
		})
	}
}

func TestScriptHoldsRefusalsOfConfigurations(t *testing.T) {
	t.Parallel()
	h := newHandmade()
	h.refuse = errors.New("line 1: first\nline 2: second")
	require.False(t, playing(t, h, "-- gateway.yaml --\n-- faults --\nsecond\nline 1\n").Failed())
	require.True(t, playing(t, h, "-- gateway.yaml --\n-- faults --\nthird\n").Failed())
	require.True(t, playing(t, h, "-- gateway.yaml --\n").Failed())
}

func TestScriptLetsTimePass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		d := playing(t, newHandmade(), "-- gateway.yaml --\n-- backend users --\n200 after=2s\n-- wait 1m --\n-- request --\nGET /\n-- response --\n200\n")
		require.False(t, d.Failed(), d.log.String())
		require.Equal(t, time.Minute+2*time.Second, time.Since(began))
	})
}

func TestScriptThatIsNotWrittenAsItShouldBe(t *testing.T) {
	t.Parallel()
	const request = "-- request --\nGET /\n"
	tests := []struct{ name, script, says string }{
		{"nothing in it", "only a comment\n", "nothing"},
		{"an unknown section", "-- requset --\nGET /\n", "unknown section"},
		{"a request without a target", "-- request --\nGET\n", "method and a target"},
		{"a request without a line", "-- request --\n", "first line"},
		{"a field without a colon", "-- request --\nGET /\nX-A\n", `"X-A"`},
		{"a request without a response", request, "want a response"},
		{"a response without a request", "-- response --\n200\n", "behind a request"},
		{"two responses", request + "-- response --\n200\n-- response --\n200\n", "already"},
		{"a status that is none", request + "-- response --\nOK\n", "want a status"},
		{"a pattern that is none", request + "-- response --\n200\nX-A~: (\n", "missing closing"},
		{"a pattern of the body that is none", request + "-- response --\n200\n\n~ (\n", "missing closing"},
		{"an expectation that is none", request + "-- response --\n200\nX-A\n", `"X-A"`},
		{"decisions without a request", "-- decisions --\na pass\n", "behind a request"},
		{"a route without a request", "-- route --\na\n", "behind a request"},
		{"an upstream without a request", "-- upstream --\nGET /\n", "behind a request"},
		{"an upstream without a line", request + "-- response --\n200\n-- upstream --\n", "first line"},
		{"faults without a configuration", "-- faults --\na\n", "behind a configuration"},
		{"faults of nothing", "-- gateway.yaml --\n-- faults --\n", "at least one"},
		{"a backend without a name", "-- backend --\n200\n", "name of an upstream"},
		{"a backend that answers nothing", "-- backend users --\n", "first line"},
		{"a backend that does something else", "-- backend users --\n200 sing\n", `"sing"`},
		{"a backend that is late by nothing", "-- backend users --\n200 after=x\n", "invalid duration"},
		{"a wait for nothing", "-- wait --\n", "duration"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := parseScript(test.script)
			require.ErrorContains(t, err, test.says)
		})
	}
}

func TestScriptNamesTheLineOfAFault(t *testing.T) {
	t.Parallel()
	_, err := parseScript("a comment\n\n-- wait 1s --\r\n-- wait x --\r\n")
	require.ErrorContains(t, err, `line 4, section "wait x"`)
}

func FuzzParseScript(f *testing.F) {
	f.Add(goodScript)
	f.Add("-- request --\nGET /\nClient: x\n\nbody\n-- response --\n200\n")
	f.Add("-- gateway.yaml --\n-- faults --\na\n")
	f.Fuzz(func(t *testing.T, script string) {
		steps, err := parseScript(script)
		if err != nil {
			return
		}
		require.NotEmpty(t, steps)
		for _, s := range steps {
			r, ok := s.(*requestStep)
			if !ok {
				continue
			}
			require.NotNil(t, r.response)
			if req, err := r.request.make(); err == nil {
				_, _ = io.Copy(io.Discard, req.Body)
			}
		}
	})
}
