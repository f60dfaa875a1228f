/** Grafana's type of a dashboard as JSON writes it: an enumeration is one of its texts. */
import type { AnnotationQuery, Dashboard, VariableModel } from '@grafana/schema';

type Written<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Written<T[K]> } : T;

/** What the Prometheus data source adds to an annotation; Grafana's schema leaves it to the data source. */
interface OfPrometheus {
  expr: string;
  step: string;
  titleFormat: string;
  textFormat: string;
  useValueForTime: boolean;
}

export type Board = Written<Omit<Dashboard, 'annotations' | 'templating'>> & {
  annotations: { list: Array<Written<AnnotationQuery> & OfPrometheus> };
  templating: { list: Array<Written<VariableModel> & { definition?: string }> };
};
