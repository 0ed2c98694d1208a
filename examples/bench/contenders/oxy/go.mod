module github.com/seed-f9645bd3/gateway/examples/bench/contenders/oxy

go 1.26.0

require (
	github.com/seed-f9645bd3/gateway/examples/bench v0.0.0-00010101000000-000000000000
	github.com/vulcand/oxy/v2 v2.0.2
)

require (
	github.com/HdrHistogram/hdrhistogram-go v1.1.2 // indirect
	github.com/segmentio/fasthash v1.0.3 // indirect
)

replace (
	github.com/seed-f9645bd3/gateway => ../../../../
	github.com/seed-f9645bd3/gateway/examples/bench => ../../
)
