//go:build pins

// Package pins keeps prometheus-operator's module in go.mod: only CustomResourceDefinitions of it are used, those of
// monitors, rules and Alertmanager configurations.
package pins

import _ "github.com/prometheus-operator/prometheus-operator/pkg/versionutil"
