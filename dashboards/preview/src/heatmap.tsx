/**
 * Grafana's heat map is a plugin of its server and no component: this one is ours, in its colours.
 */
import { type GrafanaTheme2, getValueFormat, formattedValueToString } from '@grafana/data';
import { useEffect, useRef } from 'react';

import type { Series } from './prometheus';

const LABEL_WIDTH = 64;
const AXIS_HEIGHT = 20;

interface Props {
  answer: Series[];
  unit: string;
  theme: GrafanaTheme2;
  width: number;
  height: number;
}

/** Cumulative buckets in, one cell for each bucket and moment out: the darker, the fewer requests. */
export function Heatmap({ answer, unit, theme, width, height }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const pen = canvas.current?.getContext('2d');
    if (pen) {
      draw(pen, answer, unit, theme, width, height);
    }
  });
  return <canvas ref={canvas} width={width} height={height} />;
}

function draw(pen: CanvasRenderingContext2D, answer: Series[], unit: string, theme: GrafanaTheme2, width: number, height: number) {
  const buckets = answer
    .map((series) => ({ bound: bound(series.metric['le'] ?? ''), at: new Map(series.values.map(([time, value]) => [time, Number(value)])) }))
    .sort((one, other) => one.bound - other.bound);
  const times = [...new Set(buckets.flatMap(({ at }) => [...at.keys()]))].sort((one, other) => one - other);
  const cells = buckets.map(({ at }, row) =>
    times.map((time) => Math.max(0, (at.get(time) ?? 0) - (buckets[row - 1]?.at.get(time) ?? 0)))
  );
  const most = Math.max(...cells.flat(), Number.MIN_VALUE);
  const [w, h] = [(width - LABEL_WIDTH) / (times.length || 1), (height - AXIS_HEIGHT) / (buckets.length || 1)];
  const written = getValueFormat(unit);
  pen.clearRect(0, 0, width, height);
  pen.font = `11px ${theme.typography.fontFamily}`;
  cells.forEach((row, index) => {
    const y = height - AXIS_HEIGHT - (index + 1) * h;
    row.forEach((count, column) => {
      if (count > 0) {
        pen.fillStyle = `hsl(28 90% ${75 - 45 * (1 - Math.sqrt(count / most))}%)`;
        pen.fillRect(LABEL_WIDTH + column * w, y + 1, Math.max(w - 1, 1), h - 1);
      }
    });
    if (index % 3 === 0) {
      const limit = buckets[index]?.bound ?? 0;
      pen.fillStyle = theme.colors.text.secondary;
      pen.fillText(limit === Infinity ? '+Inf' : formattedValueToString(written(limit)), 4, y + h);
    }
  });
  pen.fillStyle = theme.colors.text.secondary;
  [0, 0.25, 0.5, 0.75].forEach((share) => {
    const time = times[Math.floor(share * times.length)];
    if (time !== undefined) {
      pen.fillText(new Date(time * 1000).toISOString().slice(11, 19), LABEL_WIDTH + share * (width - LABEL_WIDTH), height - 4);
    }
  });
}

function bound(text: string): number {
  return text === '+Inf' ? Infinity : Number(text);
}
