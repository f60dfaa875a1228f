/** Queries, as Grafana sends them. The server of this page passes them on to Prometheus. */
import type { Board, Settings, Target } from './model';

export interface Series {
  metric: Record<string, string>;
  values: Array<[number, string]>;
}

const LABEL_VALUES = /^label_values\((.+), (\w+)\)$/;

async function ask(path: string, parameters: Record<string, string>): Promise<unknown> {
  const answer = await fetch(`api/v1/${path}?${new URLSearchParams(parameters)}`);
  const body = await answer.json();
  if (body.status !== 'success') {
    throw new Error(body.error ?? `Prometheus answers ${answer.status}`);
  }
  return body.data;
}

/** "All" in every variable: the values Prometheus has for it, as one regular expression. */
export async function variables(board: Board, settings: Settings): Promise<Map<string, string>> {
  const chosen = new Map<string, string>();
  for (const variable of board.templating.list) {
    const query = typeof variable.query === 'string' ? variable.query : variable.query.query;
    const [, selector, label] = LABEL_VALUES.exec(query) ?? [];
    if (variable.type !== 'query' || !selector || !label) {
      continue;
    }
    const values = (await ask(`label/${label}/values`, {
      'match[]': filledIn(selector, chosen, settings),
      start: String(settings.from),
      end: String(settings.to),
    })) as string[];
    chosen.set(variable.name, values.map(escaped).join('|') || '.+');
  }
  return chosen;
}

export function filledIn(expression: string, chosen: Map<string, string>, settings: Settings): string {
  let text = expression
    .replaceAll('$__rate_interval', settings.rateInterval)
    .replaceAll('$__interval', `${settings.step}s`)
    .replaceAll('$__range', `${Math.round(settings.to - settings.from)}s`);
  for (const [name, value] of chosen) {
    text = text.replaceAll(`"$${name}"`, `"${value}"`);
  }
  return text;
}

export async function query(target: Target, chosen: Map<string, string>, settings: Settings): Promise<Series[]> {
  const expression = filledIn(target.expr, chosen, settings);
  if (target.instant) {
    const data = (await ask('query', { query: expression, time: String(settings.to) })) as {
      result: Array<{ metric: Record<string, string>; value: [number, string] }>;
    };
    return data.result.map(({ metric, value }) => ({ metric, values: [value] }));
  }
  const range = { start: String(settings.from), end: String(settings.to), step: String(settings.step) };
  const data = (await ask('query_range', { query: expression, ...range })) as { result: Series[] };
  return data.result;
}

/** A label's value inside a regular expression inside a string of PromQL. */
function escaped(value: string): string {
  return value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('\\', '\\\\');
}
