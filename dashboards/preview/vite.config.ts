import { defineConfig } from 'vite';

// esbuild reads the JSX; no plugin is needed for a page that is built and never developed on a server.
export default defineConfig({
  base: './',
  esbuild: { jsx: 'automatic', legalComments: 'none' },
  build: { outDir: 'dist', emptyOutDir: true, chunkSizeWarningLimit: 10_000, reportCompressedSize: false },
});
