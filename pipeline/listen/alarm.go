package listen

import (
	"sync"
	"time"
)

// An alarm goes off at a time that is set anew for each read or write, nearly
// always to a later one. So its timer is let alone where it goes off no later
// than that; it then looks again when the time has come. A timer that is moved
// for each request wakes a thread for each on a machine that has little to do.
type alarm struct {
	mu    *sync.Mutex      // held by who calls set and stop
	until func() time.Time // when to go off, zero being never; called with mu held
	off   func()           // called with mu held, once that time has passed
	timer *time.Timer
	due   time.Time // when the timer goes off; zero where it does not run
}

// set has the alarm go off at t, at which until has to hold it. It reports
// whether that is in the future; a time that has passed sets nothing.
func (a *alarm) set(t time.Time) bool {
	if !a.due.IsZero() && !t.Before(a.due) {
		return true
	}
	left := time.Until(t)
	if left <= 0 {
		return false
	}
	a.due = t
	if a.timer == nil {
		a.timer = time.AfterFunc(left, a.ring)
	} else {
		a.timer.Reset(left)
	}
	return true
}

// ring looks whether the time has come.
func (a *alarm) ring() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.due.IsZero() { // it was stopped meanwhile
		return
	}
	if left := time.Until(a.due); left > 0 { // it was moved meanwhile
		a.timer.Reset(left)
		return
	}
	a.due = time.Time{}
	if t := a.until(); !t.IsZero() && !a.set(t) {
		a.off()
	}
}

// stop ends the alarm.
func (a *alarm) stop() {
	if a.timer != nil {
		a.timer.Stop()
	}
	a.due = time.Time{}
}
