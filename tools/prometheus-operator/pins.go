//go:build pins

// Package pins keeps prometheus-operator's module in go.mod: only its CustomResourceDefinitions are used.
package pins

import _ "github.com/prometheus-operator/prometheus-operator/pkg/versionutil"
