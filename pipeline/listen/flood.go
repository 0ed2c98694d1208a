package listen

import (
	"bytes"
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// What a client of HTTP/2 may do that asks for nothing. A frame that is only
// read costs one; one that has the server answer, or that no honest client
// sends often, costs more. Each stream that is begun, and what is sent on
// them, earns: clients give windows back for what they get.
const (
	chatterMost   = 1000
	chatterRate   = 100     // per second
	chatterEarned = 1 << 20 // a client that gets much at once gives windows back later

	costFrame    = 1
	costPing     = 2
	costEmpty    = 10 // DATA without data
	costGoAway   = 10
	costSettings = 20
	earnStream   = 4
	earnData     = 4 // and one for each KiB
)

// How many streams a client may reset, in halves: a reset costs two, and a
// stream that was answered to its end earns one. Half of them by faults that
// had the server do it count alike.
const (
	resetsMost    = 2 * 200
	resetsRate    = 2 * 33 // per second
	resetsSuspect = resetsMost - 2*32
	costReset     = 2
)

// suspense is how long the requests of a client that resets many are kept from
// the handler: long enough for a reset that follows at once.
const suspense = 25 * time.Millisecond

// turn is how many streams may begin without a word of the server. Then it has
// its turn: what it says of them is counted once it is written, on a goroutine
// that those of a client who sends without a pause would have wait.
const turn = 32

// Bounds of a head: the frames it comes in, and their bytes against those that
// Limits.HeadBytes allows once they are unpacked.
const (
	maxContinuations = 16
	maxBlockFactor   = 2
)

// A frameWatch looks at the frames of a connection of HTTP/2, below the server
// that reads them: RFC 9113 section 10.5. It bounds the time that a frame or a
// head takes, and what a client does at the cost of the server without asking
// for anything.
type frameWatch struct {
	limits  *Limits
	ahead   ahead
	preface []byte // what has to come first
	in      frames
	head    bool // HEADERS came, and not yet their end
	follow  int  // CONTINUATIONs of it
	block   int  // bytes of it
	last    uint32
	by      time.Time // when the frame or head under way has to be there
	armed   time.Time // when to look whether it is

	chatter, resets allowance
	suspect         atomic.Bool

	writing sync.Mutex
	out     frames
	sent    atomic.Int64 // what DATA that was sent has earned
	ended   atomic.Int64 // streams that were answered to their end
	waiting atomic.Int64 // streams that were begun since the server sent anything
	faults  atomic.Int64 // streams that the client had the server reset
}

func newFrameWatch(l *Limits) *frameWatch {
	return &frameWatch{
		limits: l, preface: []byte(preface),
		chatter: newAllowance(chatterMost, chatterEarned, chatterRate), resets: newAllowance(resetsMost, resetsMost, resetsRate),
	}
}

// saw looks at what came.
func (w *frameWatch) saw(data []byte) *fault {
	if len(w.preface) > 0 {
		n := min(len(w.preface), len(data))
		if !bytes.Equal(data[:n], w.preface[:n]) {
			return faultPreface
		}
		data, w.preface = data[n:], w.preface[n:]
	}
	for len(data) > 0 {
		n, begun := w.in.next(data)
		data = data[n:]
		if !begun {
			continue
		}
		if f := w.frame(); f != nil {
			return f
		}
	}
	w.clock()
	return nil
}

// frame judges the frame whose head was read.
func (w *frameWatch) frame() *fault {
	w.chatter.earn(int(w.sent.Swap(0)))
	if n := int(w.faults.Swap(0)); n > 0 {
		if f := w.reset(n); f != nil {
			return f
		}
	}
	switch w.in.kind() {
	case frameHeaders:
		w.headers()
		return w.fields()
	case frameContinuation:
		if w.follow++; w.follow > maxContinuations {
			return faultBlock
		}
		return w.fields()
	case frameReset:
		return w.reset(1)
	}
	if !w.chatter.spend(w.cost()) {
		return faultChatter
	}
	return nil
}

// cost is what a frame takes from the allowance.
func (w *frameWatch) cost() int {
	weight := w.in.length() >> 10
	switch w.in.kind() {
	case frameData:
		switch {
		case w.in.has(flagEndStream):
			return 0
		case w.in.length() == 0:
			return costEmpty
		case w.in.has(flagPadded) && w.in.length() <= 256: // it may be padding and nothing else
			return costFrame
		}
		return 0
	case framePing:
		return costPing + weight
	case frameSettings:
		if w.in.has(flagAck) {
			return costFrame
		}
		return costSettings + weight
	case frameGoAway:
		return costGoAway + weight
	}
	return costFrame + weight
}

func (w *frameWatch) headers() {
	w.follow, w.block = 0, 0
	if id := w.in.stream(); id > w.last {
		w.last = id
		w.chatter.earn(earnStream)
		if w.waiting.Add(1)%turn == 0 {
			runtime.Gosched()
		}
		if w.suspect.Load() {
			w.calm()
		}
	}
}

// fields is after the head of a frame that holds fields.
func (w *frameWatch) fields() *fault {
	w.head = !w.in.has(flagEndHeaders)
	if w.block += w.in.length(); w.block > maxBlockFactor*w.limits.HeadBytes {
		return faultBlock
	}
	return nil
}

// reset counts n streams that were given up.
func (w *frameWatch) reset(n int) *fault {
	w.calm()
	if !w.resets.spend(n * costReset) {
		return faultResets
	}
	w.suspect.Store(w.resets.left < resetsSuspect)
	return nil
}

func (w *frameWatch) calm() {
	w.resets.earn(int(w.ended.Swap(0)))
	w.resets.refill(time.Now())
	w.suspect.Store(w.resets.left < resetsSuspect)
}

// clock is after bytes were looked at, and sees by when what is under way has
// to be there. A frame of DATA has the time of a body, all else that of a
// head.
func (w *frameWatch) clock() {
	switch {
	case len(w.preface) == 0 && !w.head && w.in.between():
		w.by = time.Time{}
		return
	case w.by.IsZero():
		w.by = time.Now().Add(w.limits.ReadHeader)
	}
	if w.in.rest > 0 && w.in.kind() == frameData && !w.head {
		w.by = w.dataDue()
	}
	if !w.by.IsZero() && (w.armed.IsZero() || w.by.Before(w.armed)) {
		w.armed = w.by
	}
}

func (w *frameWatch) dataDue() time.Time {
	m := w.limits.bodies()
	if m.none() {
		return time.Time{}
	}
	return time.Now().Add(m.grace + time.Duration(w.in.rest)*(time.Second/time.Duration(m.rate)))
}

// due returns when to look at the clock, which is set once and not for each
// frame.
func (w *frameWatch) due() time.Time {
	if len(w.preface) == len(preface) && w.by.IsZero() {
		w.by = time.Now().Add(w.limits.ReadHeader)
		w.armed = w.by
	}
	return w.armed
}

// late tells whether the client is, once that time has come.
func (w *frameWatch) late() bool {
	w.armed = w.by
	return passed(w.by, time.Now())
}

// sends looks at what the server sends.
func (w *frameWatch) sends(data []byte) {
	w.waiting.Store(0)
	for len(data) > 0 {
		n, begun := w.out.next(data)
		data = data[n:]
		if begun {
			w.sending()
		}
	}
}

func (w *frameWatch) sending() {
	if w.out.endsStream() {
		w.ended.Add(1)
	}
	switch w.out.kind() {
	case frameData:
		w.sent.Add(int64(earnData + w.out.length()>>10))
	case frameReset:
		if provoked(w.out.errCode()) {
			w.faults.Add(1)
		}
	}
}

// provoked tells whether a reset says that the client broke the protocol: RFC
// 9113 section 7.
func provoked(code uint32) bool {
	const protocolError, flowControlError, streamClosed, frameSizeError, refusedStream = 0x1, 0x3, 0x5, 0x6, 0x7
	switch code {
	case protocolError, flowControlError, streamClosed, frameSizeError, refusedStream:
		return true
	}
	return false
}

// goAway is the frame that tells the client to calm down.
func (w *frameWatch) goAway() []byte {
	const enhanceYourCalm = 0xb
	return []byte{
		0, 0, 8, frameGoAway, 0, 0, 0, 0, 0,
		byte(w.last >> 24), byte(w.last >> 16), byte(w.last >> 8), byte(w.last),
		0, 0, 0, enhanceYourCalm,
	}
}

// admit keeps the request of a client that resets many from its handler for a
// moment, and tells whether it is still wanted then.
func (w *frameWatch) admit(ctx context.Context) bool {
	if !w.suspect.Load() {
		return true
	}
	timer := time.NewTimer(suspense)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}
