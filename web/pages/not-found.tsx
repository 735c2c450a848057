import { Page } from '../ui/page.tsx';
import { Empty } from '../ui/states.tsx';

export const NotFoundPage = () => (
  <Page title="Nothing here">
    <Empty icon="question" title="No page has this address.">
      <a href="/">To the overview</a>
    </Empty>
  </Page>
);
