/** The page: a dashboard from `dashboard.json`, drawn from the Prometheus behind `api/v1`. */
import { createTheme, ThemeContext } from '@grafana/data';
import { GlobalStyles } from '@grafana/ui';
import { createRoot } from 'react-dom/client';

import type { Board, Panel, Settings } from './model';
import { type Drawing, PanelView, prepare } from './panel';
import { variables } from './prometheus';

const COLUMNS = 24;
/** Pixels: Grafana's grid. */
const CELL = 30;
const GAP = 8;
const HEAD = 48;
/** Milliseconds: the plots draw in the frames after the page is laid out. */
const SETTLED = 1000;

async function main(): Promise<void> {
  const [board, settings] = (await Promise.all(
    ['dashboard.json', 'settings.json'].map(async (name) => (await fetch(name)).json())
  )) as [Board, Settings];
  const theme = createTheme({ colors: { mode: settings.theme } });
  document.body.style.background = theme.colors.background.canvas;
  document.body.style.color = theme.colors.text.primary;
  document.title = board.title;
  const chosen = await variables(board, settings);
  const drawings = await Promise.all(
    board.panels.filter((panel) => panel.type !== 'row').map((panel) => prepare(panel, chosen, settings, theme))
  );
  const root = document.getElementById('root');
  if (!root) {
    throw new Error('the page has no root');
  }
  createRoot(root).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <h3 style={{ margin: 0, padding: `0 ${GAP}px`, height: HEAD, lineHeight: `${HEAD}px`, fontSize: 18, fontWeight: 500 }}>{board.title}</h3>
      <div style={{ position: 'relative' }}>
        {board.panels.filter((panel) => panel.type === 'row').map((row) => (
          <h4 key={row.id} style={{ ...place(row, settings.width), margin: 0, fontSize: 14, fontWeight: 500, lineHeight: `${CELL}px` }}>
            {row.title}
          </h4>
        ))}
        {drawings.map((drawing) => (
          <Placed key={drawing.panel.id} drawing={drawing} settings={settings} />
        ))}
      </div>
    </ThemeContext.Provider>
  );

  function Placed({ drawing, settings }: { drawing: Drawing; settings: Settings }) {
    const { width, height, ...where } = place(drawing.panel, settings.width);
    return (
      <div style={{ ...where, width, height }}>
        <PanelView drawing={drawing} settings={settings} theme={theme} width={width} height={height} />
      </div>
    );
  }
}

function place({ gridPos: { x, y, w, h } }: Panel, total: number) {
  const column = (total - GAP) / COLUMNS;
  const position = 'absolute' as const;
  return { position, left: GAP + x * column, top: y * (CELL + GAP), width: w * column - GAP, height: h * (CELL + GAP) - GAP };
}

/** For whoever looks without eyes: how many pixels each panel's canvases have drawn, and that all is done. */
function tell(): void {
  document.querySelectorAll<HTMLElement>('section[data-panel]').forEach((section) => {
    let ink = 0;
    section.querySelectorAll('canvas').forEach((canvas) => {
      const data = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      for (let index = 3; index < data.length; index += 4) {
        ink += data[index] ? 1 : 0;
      }
    });
    section.dataset['ink'] = String(ink);
    section.dataset['text'] = (section.textContent ?? '').trim();
  });
  document.body.dataset['ready'] = 'true';
}

const complain = (error: unknown) => {
  document.body.dataset['error'] = error instanceof Error ? error.message : String(error);
};
addEventListener('error', (event) => complain(event.error ?? event.message));
addEventListener('unhandledrejection', (event) => complain(event.reason));
main().then(() => setTimeout(tell, SETTLED), complain);
