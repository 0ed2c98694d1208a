package problem

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// Bounds of what is read of the body that is dropped.
const (
	maxBody   = 64 << 10 // of one that the detail is looked for in
	bodyTime  = time.Second
	maxDrain  = 4 << 10 // of any other, so that the connection can be used again
	drainTime = 50 * time.Millisecond
	maxDetail = 256
)

// detail returns what the backend says at the path; empty where it says
// nothing that may be passed on. It has read what is worth reading of the body.
func (t *Translator) detail(resp *http.Response) string {
	if resp.Body == nil || resp.Body == http.NoBody {
		return ""
	}
	if t.path == "" || !plainJSON(resp.Header) {
		if resp.ContentLength >= 0 && resp.ContentLength <= maxDrain {
			rest(resp, maxDrain, drainTime)
		}
		return ""
	}
	body, whole := rest(resp, maxBody, bodyTime)
	if !whole || !json.Valid(body) { // which bounds the depth, and needs no stack for it
		return ""
	}
	if v := gjson.GetBytes(body, t.path); v.Type == gjson.String {
		return passable(v.Str)
	}
	return ""
}

// rest reads at most so much of the body, for at most so long, and reports
// whether that was all of it. A body that does not come in time is closed.
func rest(resp *http.Response, most int64, long time.Duration) (body []byte, whole bool) {
	once := &closeOnce{body: resp.Body}
	resp.Body = once
	late := time.AfterFunc(long, func() { _ = once.Close() }) // what is lost is not wanted
	defer late.Stop()
	body, err := io.ReadAll(io.LimitReader(once.body, most+1))
	return body, err == nil && int64(len(body)) <= most
}

// closeOnce closes a body once, whoever comes first.
type closeOnce struct {
	body io.ReadCloser
	once sync.Once
	err  error
}

func (c *closeOnce) Read(p []byte) (int, error) { return c.body.Read(p) }

func (c *closeOnce) Close() error {
	c.once.Do(func() { c.err = c.body.Close() })
	return c.err
}

// plainJSON reports whether the body is JSON in UTF-8, by its fields.
func plainJSON(h http.Header) bool {
	for _, coding := range h["Content-Encoding"] {
		if coding != "" && !strings.EqualFold(coding, "identity") {
			return false
		}
	}
	mediaType, params := mediaTypeOf(h)
	if charset, given := params["charset"]; given && !strings.EqualFold(charset, "utf-8") {
		return false
	}
	return mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
}

// passable returns the text, cut to maxDetail bytes at the end of a character;
// empty where a character of it might do something to who reads it.
func passable(text string) string {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, hostile) {
		return ""
	}
	if len(text) <= maxDetail {
		return text
	}
	end := maxDetail
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// hostile reports control characters, breaks of lines and paragraphs, and what
// turns the direction of the text.
func hostile(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r)
}
