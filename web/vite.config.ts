import { readFileSync } from 'node:fs';
import { defineConfig } from 'vite';

/** What is bundled, and under which terms: they travel with the code. */
const licences = (): string =>
  ['preact']
    .map((name) => {
      const read = (file: string): string =>
        readFileSync(new URL(`../node_modules/${name}/${file}`, import.meta.url), 'utf8');
      const { version } = JSON.parse(read('package.json')) as { readonly version: string };
      return `${name} ${version}\n\n${read('LICENSE')}`;
    })
    .join('\n\n');

/* The dashboard as files that the monitor serves by itself: content-hashed, nothing inline, nothing from other hosts. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  publicDir: false,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [
    {
      name: 'licences',
      generateBundle() {
        this.emitFile({ type: 'asset', fileName: 'licences.txt', source: licences() });
      },
    },
  ],
  build: {
    outDir: '../dist/dashboard',
    emptyOutDir: true,
    target: 'es2023',
    // `light-dark()` is what both themes are made of; older targets would have it rewritten.
    cssTarget: ['chrome123', 'firefox121', 'safari17.5'],
    // A strict policy (default-src 'self') has no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: true,
  },
});
