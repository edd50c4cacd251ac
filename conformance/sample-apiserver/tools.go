//go:build tools

// Package tools names the aggregated API server of the suite, whose release is older than the suite's own.
package tools

import _ "k8s.io/sample-apiserver"
