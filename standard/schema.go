package standard

import "github.com/seed-f9645bd3/gateway/pipeline/schema"

// Schema returns the JSON Schema of the configuration document with every kind
// of the core module. A program that has kinds of its own makes its schema by
// schema.Of, with All and its own.
func Schema() ([]byte, error) { return schema.Of(All()...) }
