/** The parts of Grafana's dashboard model this page reads, and what the server beside it says. */
import type { FieldConfig, ReduceDataOptions } from '@grafana/data';

export interface Target {
  refId: string;
  expr: string;
  legendFormat: string;
  instant: boolean;
  format?: string;
}

/** How one column of a table looks. */
export interface Override {
  matcher: { id: 'byName'; options: string };
  properties: Array<{ id: string; value: unknown }>;
}

export interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  fieldConfig: { defaults: FieldConfig; overrides: Override[] };
  options: Record<string, unknown> & { reduceOptions?: ReduceDataOptions };
  targets: Target[];
  transformations?: Array<{ id: string; options: Record<string, unknown> }>;
}

export interface Variable {
  type: string;
  name: string;
  query: string | { query: string };
}

export interface Board {
  title: string;
  panels: Panel[];
  templating: { list: Variable[] };
}

export interface Settings {
  /** Seconds since 1970. */
  from: number;
  to: number;
  /** Seconds between two points. */
  step: number;
  rateInterval: string;
  theme: 'light' | 'dark';
  width: number;
}
