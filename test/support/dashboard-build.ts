import { buildDashboard } from '../../scripts/build-dashboard.ts';
import { unpackBrowser } from './browser.ts';

/** Before any test: the browser is unpacked, which no two tests may do at once, and the dashboard is the one in the tree. */
export const setup = async (): Promise<void> => {
  await unpackBrowser();
  buildDashboard();
};
