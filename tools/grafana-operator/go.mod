module concordat.dev/tools/grafana-operator

go 1.26.0

require github.com/grafana/grafana-operator/v5 v5.24.0
