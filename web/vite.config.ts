import { defineConfig } from 'vite';

/* The dashboard as files that the monitor serves by itself: content-hashed, nothing inline, nothing from other hosts. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  publicDir: false,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
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
