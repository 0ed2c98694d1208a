// Package redact keeps secrets out of text that is about to be written down:
// queries, paths, fields that clients choose, texts of errors.
//
// It knows secrets by the name in front of them (password=, "api_key":,
// Authorization:) and by their shape: the credentials of Bearer and Basic,
// JSON Web Tokens, API keys of the form gw_..., the user in a URL, card
// numbers that pass Luhn's check. What it finds is replaced by ***. It rather
// hides too much than too little; it is a net below those who write no secrets
// in the first place, and no replacement for them.
//
//	rules := redact.New("badge_number")
//	line = rules.AppendText(line, err.Error(), 1024)
//	line = rules.AppendQuery(line, request.URL.RawQuery, 1024)
//
// All of it is linear in what it reads, allocates nothing where the text is
// plain, and is safe for use by many goroutines at once.
package redact
