// Package schema makes the JSON Schema (draft 2020-12) of the configuration
// document for a set of kinds, from their Go types: editors complete and check
// configurations with it.
//
//	text, err := schema.Of(append(standard.All(), hours.New(time.Now))...)
//
// What the schema refuses, the gateway refuses: unknown members, values of
// another type or another form, unknown kinds, kinds without the settings that
// they need. It judges what no route uses as well, which the gateway does not
// build, and does not offer the empty word, which stands for the default. The
// reverse does not hold: what Validate of settings and the constructors of
// things ask beyond their types is for the gateway to say.
//
// Types say all but two things, which are tags of their fields:
//
//	Store  *registry.Policy `json:"store" kind:"cache.Store"` // what the policy makes
//	OnFull string           `json:"on_full" enum:"wait,refuse"` // the words to choose from
//
// The tag kind is the type that pipeline.Make is asked for, as Go writes it
// with the name of its package. Policies without the tag make []pipeline.Stage.
// On a list or a map, both tags count for the elements.
package schema
