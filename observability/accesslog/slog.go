package accesslog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"time"

	"github.com/seed-f9645bd3/gateway/observability"
)

// handTo makes a sink that reads the lines back and hands each to h.
func handTo(h slog.Handler) observability.Sink {
	return func(batch []byte) error {
		var err error
		for line := range bytes.Lines(batch) {
			err = errors.Join(err, handLine(h, line))
		}
		return err
	}
}

func handLine(h slog.Handler, line []byte) error {
	rec, err := readLine(line)
	if err != nil {
		return err
	}
	ctx := context.Background()
	if !h.Enabled(ctx, rec.Level) {
		return nil
	}
	return h.Handle(ctx, rec)
}

// readLine makes a record of a line: its first three members are time, level
// and message; the others become attributes in their order.
func readLine(line []byte) (slog.Record, error) {
	var rec slog.Record
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	if _, err := dec.Token(); err != nil {
		return rec, fmt.Errorf("read line: %w", err)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return rec, fmt.Errorf("read line: %w", err)
		}
		var value any
		if err := dec.Decode(&value); err != nil {
			return rec, fmt.Errorf("read line: %w", err)
		}
		if err := set(&rec, fmt.Sprint(name), value); err != nil {
			return rec, err
		}
	}
	if _, err := dec.Token(); err != nil && !errors.Is(err, io.EOF) {
		return rec, fmt.Errorf("read line: %w", err)
	}
	return rec, nil
}

func set(rec *slog.Record, name string, value any) (err error) {
	text, _ := value.(string)
	switch name {
	case slog.TimeKey:
		rec.Time, err = time.Parse(time.RFC3339Nano, text)
	case slog.LevelKey:
		err = rec.Level.UnmarshalText([]byte(text))
	case slog.MessageKey:
		rec.Message = text
	default:
		rec.AddAttrs(slog.Any(name, plain(value)))
	}
	return err
}

// plain turns numbers into what slog knows.
func plain(value any) any {
	n, ok := value.(json.Number)
	if !ok {
		return value
	}
	if i, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
		return i
	}
	f, err := n.Float64()
	if err != nil {
		return n.String()
	}
	return f
}
