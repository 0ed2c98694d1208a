package payload

import (
	"hash/maphash"
	"sync"

	"github.com/seed-f9645bd3/gateway/pipeline"
)

// A scanner judges a document piece by piece. It repeats the first fault that
// it has found.
type scanner interface {
	feed(piece []byte) *Fault
	finish() *Fault
	reset()
}

// A checker is what the stages of one policy share.
type checker struct {
	name    string
	types   types
	inspect int64 // negative where every body streams
	pools   [formatXML + 1]sync.Pool
}

// New makes a stage that checks request bodies, under the name that its
// decisions bear. It stands behind those that say who may call, and how often,
// and before all that keeps or alters something.
func New(name string, c Config) (pipeline.Stage, error) {
	k, err := newChecker(name, c)
	if err != nil {
		return pipeline.Stage{}, err
	}
	return pipeline.Stage{
		Name: name, Phase: phase, Wrap: k.wrap,
		Vary: func(*pipeline.Exchange) string { return "" },
	}, nil
}

func newChecker(name string, c Config) (*checker, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	types, err := newTypes(c.ContentTypes)
	if err != nil {
		return nil, err
	}
	k := &checker{name: name, types: types, inspect: c.Inspect.Or(DefaultInspect).Bytes()}
	if c.Stream {
		k.inspect = -1
	}
	seed, json, xml := maphash.MakeSeed(), c.JSON.limits(), c.XML.limits()
	k.pools[formatJSON].New = func() any { return newJSONScanner(json, seed) }
	k.pools[formatXML].New = func() any { return newXMLScanner(xml, seed) }
	return k, nil
}

func (k *checker) scanner(f format) scanner { return k.pools[f].Get().(scanner) }

func (k *checker) release(f format, s scanner) {
	s.reset()
	k.pools[f].Put(s)
}

// whole checks a body that is at hand.
func (k *checker) whole(f format, body []byte) *Fault {
	s := k.scanner(f)
	defer k.release(f, s)
	if fault := s.feed(body); fault != nil {
		return fault
	}
	return s.finish()
}

func (f format) String() string {
	switch f {
	case formatJSON:
		return "json"
	case formatXML:
		return "xml"
	}
	return "unchecked"
}
