package units

import (
	"encoding/json"
	"testing"
)

// FuzzCounter holds a Counter to the reference, and to counting the same
// however the bytes are cut.
func FuzzCounter(f *testing.F) {
	for _, body := range []string{
		"data: {\"usage\":{\"total\":5}}\n\ndata: [DONE]\n\n", "data: a\r\rdata: b\r\n\r\n", "\xEF\xBB\xBFdata\n\n", "{\"n\":1}\n{\"n\":2}",
		`{"us\u0061ge":{"total":12},"n":[1,{"n":2}]}`, `[{"n":1},{"n":02}]`, `{"n":1e5,"n":-1,"n":7}`, ": c\n\nevent: x\ndata: 1\n\n",
	} {
		for form := range byte(Events) + 1 {
			f.Add(form, []byte(body), byte(3))
		}
	}
	f.Fuzz(func(t *testing.T, form byte, body []byte, size byte) {
		ps := paths(t, "usage.total", "n")
		kind := Form(form % (byte(Events) + 1))
		all := count(kind, ps, string(body))
		var parts []string
		for rest := body; len(rest) > 0; {
			n := min(len(rest), int(size)+1)
			parts = append(parts, string(rest[:n]))
			rest = rest[n:]
		}
		cut := count(kind, ps, parts...)
		if cut.events != all.events || cut.finder.stated != all.finder.stated || cut.finder.said != all.finder.said {
			t.Fatalf("in parts of %d: %d %v, whole: %d %v", int(size)+1, cut.events, cut.finder.stated, all.events, all.finder.stated)
		}
		want := reference(kind, body, ps)
		if want.events != all.events {
			t.Fatalf("%d events, not %d", all.events, want.events)
		}
		if kind == Whole && json.Valid(body) {
			agree(t, want, all, len(ps), string(body))
		}
	})
}
