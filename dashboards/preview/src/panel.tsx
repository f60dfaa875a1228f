/** One panel: its queries, and Grafana's component for its type. */
import { type DataFrame, type GrafanaTheme2, type TimeRange, dateTime, getFieldDisplayValues, ReducerID } from '@grafana/data';
import { LegendDisplayMode } from '@grafana/schema';
import { BigValue, type BigValueColorMode, type BigValueGraphMode, type BigValueTextMode, PanelChrome, Table, TimeSeries } from '@grafana/ui';
import { useState } from 'react';

import { lines, numbered, table } from './frames';
import { Heatmap } from './heatmap';
import type { Panel, Settings } from './model';
import { query, type Series } from './prometheus';

export interface Drawing {
  panel: Panel;
  answers: Series[][];
  frames: DataFrame[];
  error: string;
}

/** Everything a panel shows; never rejects: what Prometheus refuses is shown in the panel. */
export async function prepare(panel: Panel, chosen: Map<string, string>, settings: Settings, theme: GrafanaTheme2): Promise<Drawing> {
  try {
    const answers = await Promise.all(panel.targets.map((target) => query(target, chosen, settings)));
    if (panel.type === 'table') {
      const frame = await table(panel, answers.flat(), theme);
      return { panel, answers, frames: frame ? [frame] : [], error: '' };
    }
    const frames = answers.flatMap((answer, index) => lines(panel, panel.targets[index]!, answer, theme));
    return { panel, answers, frames: numbered(frames), error: '' };
  } catch (error) {
    return { panel, answers: [], frames: [], error: error instanceof Error ? error.message : String(error) };
  }
}

export function PanelView({ drawing, settings, theme, width, height }: { drawing: Drawing; settings: Settings; theme: GrafanaTheme2; width: number; height: number }) {
  const { panel, answers, error } = drawing;
  const series = answers.reduce((count, answer) => count + answer.length, 0);
  const empty = answers.filter((answer) => !answer.some(({ values }) => values.some(([, value]) => value !== 'NaN'))).length;
  return (
    <section data-panel={panel.title} data-type={panel.type} data-series={series} data-empty={empty} data-error={error}>
      <PanelChrome title={panel.title} description={panel.description} width={width} height={height} statusMessage={error || undefined}>
        {(innerWidth, innerHeight) =>
          series === 0 ? <Nothing error={error} theme={theme} /> : <Content drawing={drawing} settings={settings} theme={theme} width={innerWidth} height={innerHeight} />
        }
      </PanelChrome>
    </section>
  );
}

function Nothing({ error, theme }: { error: string; theme: GrafanaTheme2 }) {
  return <div style={{ textAlign: 'center', padding: 16, color: theme.colors.text.secondary }}>{error || 'No data'}</div>;
}

function Content({ drawing, settings, theme, width, height }: { drawing: Drawing; settings: Settings; theme: GrafanaTheme2; width: number; height: number }) {
  const { panel, frames, answers } = drawing;
  const timeRange = useRange(settings);
  switch (panel.type) {
    case 'stat':
      return <Stat panel={panel} frames={frames} theme={theme} width={width} height={height} />;
    case 'table':
      return frames[0] ? <Table data={frames[0]} width={width} height={height} /> : null;
    case 'heatmap':
      return <Heatmap answer={answers.flat()} unit={panel.fieldConfig.defaults.unit ?? 'short'} theme={theme} width={width} height={height} />;
    case 'timeseries':
      return (
        <TimeSeries
          frames={frames}
          timeRange={timeRange}
          timeZone="utc"
          width={width}
          height={height}
          legend={{ displayMode: LegendDisplayMode.List, placement: 'bottom', calcs: [], showLegend: true }}
          options={{}}
        />
      );
    default:
      return <Nothing error={`The preview knows no panel of type ${panel.type}`} theme={theme} />;
  }
}

function Stat({ panel, frames, theme, width, height }: { panel: Panel; frames: DataFrame[]; theme: GrafanaTheme2; width: number; height: number }) {
  const values = getFieldDisplayValues({
    fieldConfig: panel.fieldConfig,
    reduceOptions: panel.options.reduceOptions ?? { calcs: [ReducerID.lastNotNull] },
    replaceVariables: (text: string) => text,
    theme,
    data: frames,
    timeZone: 'utc',
  });
  const each = width / (values.length || 1);
  return (
    <div style={{ display: 'flex' }}>
      {values.map((value, index) => (
        <BigValue
          key={index}
          value={value.display}
          theme={theme}
          width={each}
          height={height}
          colorMode={panel.options['colorMode'] as BigValueColorMode}
          graphMode={panel.options['graphMode'] as BigValueGraphMode}
          textMode={panel.options['textMode'] as BigValueTextMode}
        />
      ))}
    </div>
  );
}

function useRange(settings: Settings): TimeRange {
  const [range] = useState(() => {
    const [from, to] = [dateTime(settings.from * 1000), dateTime(settings.to * 1000)];
    return { from, to, raw: { from, to } };
  });
  return range;
}
