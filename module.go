package gateway

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"go.uber.org/fx"

	"github.com/seed-f9645bd3/gateway/pipeline"
	"github.com/seed-f9645bd3/gateway/registry"
)

// optionsGroup is the value group that Provide puts options into. Groups come
// in random order; nothing in a gateway depends on the order of its options.
const optionsGroup = "gateway.options"

// Module is a gateway as part of an fx application. It provides *Gateway and
// ties Run to the lifecycle: OnStart returns when the first table serves, or
// with the refusal of the first configuration; an end of Run that was not asked
// for shuts the application down.
//
// fx stops an application within 15 s, and a drain takes 30 s at the most where
// Draining says nothing else: give fx.StopTimeout more than grace and deadline
// of the drain, or its end is cut off.
func Module(options ...Option) fx.Option { return module("", options) }

// Named is Module for a further gateway of one application: *Gateway is
// provided under the name, and takes what ProvideTo gives to the name.
func Named(name string, options ...Option) fx.Option { return module(name, options) }

// Provide gives constructors to fx whose results belong to the gateway: a
// Stage, a Kind, a Recorder, a Source, an Option. What they ask for comes from
// fx. A constructor of anything else is refused.
func Provide(constructors ...any) fx.Option { return ProvideTo("", constructors...) }

// ProvideTo is Provide for a Named gateway.
func ProvideTo(name string, constructors ...any) fx.Option {
	provided := make([]fx.Option, len(constructors))
	for i, c := range constructors {
		adapted, err := adapt(c)
		if err != nil {
			provided[i] = fx.Error(err)
			continue
		}
		provided[i] = fx.Provide(fx.Annotate(adapted, fx.ResultTags(groupTag(name))))
	}
	return fx.Options(provided...)
}

// groupTag is the tag of the options that a gateway takes.
func groupTag(name string) string {
	if name == "" {
		return fmt.Sprintf("group:%q", optionsGroup)
	}
	return fmt.Sprintf("group:%q", optionsGroup+"."+name)
}

func module(name string, options []Option) fx.Option {
	build := func(given []Option) (*Gateway, error) { return New(append(given, options...)...) }
	provide := []fx.Annotation{fx.ParamTags(groupTag(name))}
	run := any(runWithin)
	if name != "" {
		tag := fmt.Sprintf("name:%q", name)
		provide = append(provide, fx.ResultTags(tag))
		run = fx.Annotate(runWithin, fx.ParamTags(tag))
	}
	return fx.Module("gateway"+name,
		fx.Provide(fx.Annotate(build, provide...)),
		fx.Invoke(refuseStrays),
		fx.Invoke(run),
	)
}

// strays are things of a gateway that were given to fx itself, where nobody
// would ever ask for them.
type strays struct {
	fx.In
	Stage    pipeline.Stage                  `optional:"true"`
	Kind     pipeline.AnyKind                `optional:"true"`
	Policy   pipeline.Kind[[]pipeline.Stage] `optional:"true"`
	Recorder pipeline.Recorder               `optional:"true"`
	Source   registry.Source                 `optional:"true"`
	Option   Option                          `optional:"true"`
}

func refuseStrays(s strays) error {
	given := map[string]bool{
		"pipeline.Stage":    s.Stage.Wrap != nil,
		"pipeline.Kind":     s.Kind != nil || s.Policy.Name != "",
		"pipeline.Recorder": s.Recorder != nil,
		"registry.Source":   s.Source != nil,
		"gateway.Option":    s.Option != nil,
	}
	var errs []error
	for what, is := range given {
		if is {
			errs = append(errs, fmt.Errorf("gateway: a %s was given to fx.Provide, where no gateway takes it; use gateway.Provide", what))
		}
	}
	return errors.Join(errs...)
}

// runWithin ties Run to the lifecycle of the application.
func runWithin(g *Gateway, life fx.Lifecycle, end fx.Shutdowner) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	life.Append(fx.Hook{
		OnStart: func(starting context.Context) error {
			go func() {
				err := g.Run(ctx)
				done <- err
				if ctx.Err() == nil {
					_ = end.Shutdown(fx.ExitCode(1)) // the application ends anyway
				}
			}()
			select {
			case <-g.listening:
				return nil
			case err := <-done:
				done <- nil
				return err
			case <-starting.Done():
				cancel()
				return starting.Err()
			}
		},
		OnStop: func(stopping context.Context) error {
			cancel()
			select {
			case err := <-done:
				return err
			case <-stopping.Done():
				return stopping.Err()
			}
		},
	})
}

var (
	stageType    = reflect.TypeFor[pipeline.Stage]()
	kindType     = reflect.TypeFor[pipeline.AnyKind]()
	recorderType = reflect.TypeFor[pipeline.Recorder]()
	sourceType   = reflect.TypeFor[registry.Source]()
	optionType   = reflect.TypeFor[Option]()
	errorType    = reflect.TypeFor[error]()
)

// adapt makes of a constructor one that returns an Option.
func adapt(constructor any) (any, error) {
	f := reflect.ValueOf(constructor)
	if f.Kind() != reflect.Func {
		return nil, fmt.Errorf("gateway.Provide: want a constructor, not %T", constructor)
	}
	t := f.Type()
	if t.NumOut() == 0 || t.NumOut() > 2 || t.NumOut() == 2 && t.Out(1) != errorType {
		return nil, fmt.Errorf("gateway.Provide: want a constructor of one thing, and an error at the most, not %v", t)
	}
	as := optionOf(t.Out(0))
	if as == nil {
		return nil, fmt.Errorf("gateway.Provide: %v belongs nowhere in a gateway; want a pipeline.Stage, Kind or Recorder, a registry.Source or a gateway.Option", t.Out(0))
	}
	in := make([]reflect.Type, t.NumIn())
	for i := range in {
		in[i] = t.In(i)
	}
	out := reflect.FuncOf(in, []reflect.Type{optionType, errorType}, t.IsVariadic())
	return reflect.MakeFunc(out, func(args []reflect.Value) []reflect.Value {
		call := f.Call
		if t.IsVariadic() {
			call = f.CallSlice
		}
		results := call(args)
		err := reflect.Zero(errorType)
		if len(results) == 2 {
			err = results[1]
		}
		return []reflect.Value{reflect.ValueOf(as(results[0].Interface())), err}
	}).Interface(), nil
}

// optionOf returns how a thing of type t becomes an option; nil where it does
// not.
func optionOf(t reflect.Type) func(any) Option {
	switch {
	case t == optionType:
		return func(v any) Option { return orNothing(v.(Option)) }
	case t == stageType:
		return func(v any) Option { return Stages(v.(pipeline.Stage)) }
	case t.Implements(kindType):
		return func(v any) Option { return Kinds(v.(pipeline.AnyKind)) }
	case t.Implements(recorderType):
		return func(v any) Option { return Recorders(v.(pipeline.Recorder)) }
	case t.Implements(sourceType):
		return func(v any) Option { return Source(v.(registry.Source)) }
	}
	return nil
}

// orNothing keeps a nil option, which comes with an error, from being called.
func orNothing(o Option) Option {
	if o == nil {
		return Options()
	}
	return o
}
