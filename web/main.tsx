import { render } from 'preact';
import { App } from './app.tsx';
import { listenToKeys } from './data/keys.ts';
import { followLinks } from './data/route.ts';
import { startTheme } from './data/theme.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/shell.css';
import './styles/grid.css';
import './styles/charts.css';
import './styles/code.css';
import './styles/pages.css';

startTheme();
followLinks();
listenToKeys();
const place = document.getElementById('app');
if (place) render(<App />, place);
