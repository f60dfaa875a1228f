/** Prometheus' answers as Grafana's data frames, with the panel's unit, thresholds and mappings on every field. */
import {
  type DataFrame,
  type Field,
  FieldType,
  type GrafanaTheme2,
  getDisplayProcessor,
  standardTransformers,
  standardTransformersRegistry,
  toDataFrame,
  transformDataFrame,
} from '@grafana/data';
import { firstValueFrom } from 'rxjs';

import type { Override, Panel, Target } from './model';
import type { Series } from './prometheus';

const LINES = { drawStyle: 'line', lineWidth: 1, fillOpacity: 0, showPoints: 'never', spanNulls: false };

const TRANSFORMERS = [...new Map(Object.values(standardTransformers).map((each) => [each.id, each])).values()];

standardTransformersRegistry.setInit(() =>
  TRANSFORMERS.map((transformation) => ({
    id: transformation.id,
    name: transformation.name,
    transformation: () => Promise.resolve(transformation),
    editor: () => null,
    imageDark: '',
    imageLight: '',
  })) as unknown as ReturnType<typeof standardTransformersRegistry.list>
);

/** One frame for each series. */
export function lines(panel: Panel, target: Target, answer: Series[], theme: GrafanaTheme2): DataFrame[] {
  const { defaults } = panel.fieldConfig;
  return answer.map(({ metric, values }) =>
    displayed(
      toDataFrame({
        refId: target.refId,
        fields: [
          { name: 'Time', type: FieldType.time, values: values.map(([time]) => time * 1000), config: {} },
          {
            name: 'Value',
            type: FieldType.number,
            values: values.map(([, value]) => Number(value)),
            labels: metric,
            config: {
              ...defaults,
              displayNameFromDS: legend(target.legendFormat, metric),
              custom: { ...LINES, ...defaults.custom },
            },
          },
        ],
      }),
      theme
    )
  );
}

/** One frame with a column for each label, as an instant query in the format "table" gives. */
export async function table(panel: Panel, answer: Series[], theme: GrafanaTheme2): Promise<DataFrame | undefined> {
  const labels = [...new Set(answer.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const first = (series: Series) => series.values[0] ?? [0, 'NaN'];
  const frame = toDataFrame({
    fields: [
      { name: 'Time', type: FieldType.time, values: answer.map((series) => Number(first(series)[0]) * 1000), config: {} },
      ...labels.map((label) => ({
        name: label,
        type: FieldType.string,
        values: answer.map(({ metric }) => metric[label] ?? ''),
        config: {},
      })),
      {
        name: 'Value',
        type: FieldType.number,
        values: answer.map((series) => Number(first(series)[1])),
        config: { ...panel.fieldConfig.defaults },
      },
    ],
  });
  const [transformed] = await firstValueFrom(transformDataFrame(panel.transformations ?? [], [frame]));
  return transformed && displayed(overridden(transformed, panel.fieldConfig.overrides), theme);
}

/** What is said of single columns, by the names the transformations gave them. */
function overridden(frame: DataFrame, overrides: Override[]): DataFrame {
  const fields = frame.fields.map((field) => {
    const said = overrides.filter(({ matcher }) => matcher.options === (field.config.displayName ?? field.name)).flatMap(({ properties }) => properties);
    const custom = Object.fromEntries(said.filter(({ id }) => id.startsWith('custom.')).map(({ id, value }) => [id.slice('custom.'.length), value]));
    const rest = Object.fromEntries(said.filter(({ id }) => !id.startsWith('custom.')).map(({ id, value }) => [id, value]));
    return { ...field, config: { ...field.config, ...rest, custom: { ...field.config.custom, ...custom } } };
  });
  return { ...frame, fields };
}

export function numbered(frames: DataFrame[]): DataFrame[] {
  frames.forEach((frame, index) => frame.fields.forEach((field) => (field.state = { seriesIndex: index })));
  return frames;
}

/** `{{label}}` as Grafana's Prometheus data source replaces it. */
export function legend(format: string, metric: Record<string, string>): string {
  if (format !== '__auto') {
    return format.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label: string) => metric[label] ?? '');
  }
  const labels = Object.entries(metric).filter(([name]) => name !== '__name__');
  return labels.map(([name, value]) => `${name}="${value}"`).join(', ') || 'Value';
}

function displayed(frame: DataFrame, theme: GrafanaTheme2): DataFrame {
  frame.fields.forEach((field: Field) => {
    field.display = getDisplayProcessor({ field, theme, timeZone: 'utc' });
  });
  return frame;
}
