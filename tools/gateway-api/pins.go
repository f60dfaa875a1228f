//go:build pins

// Package pins keeps the Gateway API's module in go.mod: only its folder config/crd is used.
package pins

import _ "sigs.k8s.io/gateway-api/pkg/consts"
