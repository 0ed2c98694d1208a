package metrics

// A Counts is a recorder that counts what it lost, such as accesslog.Log.
type Counts interface {
	Dropped() uint64
	Failed() uint64
}

type queue struct {
	recorder string
	counts   Counts
}

// Watch has the losses of another recorder exported under its name. A second
// one of the same name replaces the first.
func (m *Metrics) Watch(recorder string, c Counts) {
	m.mu.Lock()
	defer m.mu.Unlock()
	q := queue{clean(recorder), c}
	for i := range m.queues {
		if m.queues[i].recorder == q.recorder {
			m.queues[i] = q
			return
		}
	}
	m.queues = append(m.queues, q)
}
