//go:build pins

// Package pins keeps grafana-operator's module in go.mod: only one of its CustomResourceDefinitions is used.
package pins

import _ "github.com/grafana/grafana-operator/v5/embeds"
