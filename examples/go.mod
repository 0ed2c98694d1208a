module github.com/seed-f9645bd3/gateway/examples

go 1.26.0

require github.com/seed-f9645bd3/gateway v0.0.0

replace github.com/seed-f9645bd3/gateway => ../
