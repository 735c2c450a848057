import { parser } from '@prometheus-io/lezer-promql';

/** What a PromQL expression asks for. */
export interface Query {
  /** Texts of the places that are no PromQL. */
  readonly errors: readonly string[];
  /** Every metric with the labels it is selected by. */
  readonly selectors: readonly { readonly metric: string; readonly labels: readonly string[] }[];
  /** Labels that results are grouped or joined by. */
  readonly grouping: readonly string[];
}

/** Parses an expression as Prometheus does; variables of Grafana stand for what they usually are. */
export const parsePromql = (expression: string): Query => {
  const text = expression.replaceAll('$__rate_interval', '5m').replaceAll('$__range', '1h');
  const errors: string[] = [];
  const selectors: { metric: string; labels: string[] }[] = [];
  const grouping: string[] = [];
  let inSelector = 0;
  parser.parse(text).iterate({
    enter(node) {
      const own = text.slice(node.from, node.to);
      if (node.type.isError) errors.push(text.slice(Math.max(node.from - 20, 0), node.to + 20));
      if (node.name === 'VectorSelector') {
        inSelector += 1;
        selectors.push({ metric: '', labels: [] });
      }
      const last = selectors.at(-1);
      if (node.name === 'Identifier' && inSelector > 0 && last) last.metric = own;
      if (node.name === 'LabelName') {
        if (inSelector > 0) last?.labels.push(own);
        else grouping.push(own);
      }
    },
    leave(node) {
      if (node.name === 'VectorSelector') inSelector -= 1;
    },
  });
  return { errors, selectors, grouping };
};
