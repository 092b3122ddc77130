import { expect } from 'chai';
import { mib, ms, percent, rate, ratio, renderSection } from '../src/report/markdown.ts';

describe('renderSection', () => {
  it('writes a table that reads in a terminal, too', () => {
    const table = {
      columns: ['way', 'rate'],
      rows: [
        ['a | b', '1'],
        ['c', '12,345'],
      ],
    };
    expect(renderSection({ title: 'Title', paragraphs: ['Text.'], tables: [table] })).to.equal(
      [
        '## Title',
        '',
        'Text.',
        '',
        '| way    |   rate |',
        '| ------ | -----: |',
        '| a \\| b |      1 |',
        '| c      | 12,345 |',
      ].join('\n'),
    );
  });
});

describe('figures', () => {
  it('are written with what they mean', () => {
    expect([rate(31_415.4), rate(3_141_592)]).to.deep.equal(['31,415', '3.14 M']);
    expect(ratio({ median: 0.8, min: 0.75, max: 0.851 })).to.equal('0.80 (0.75–0.85)');
    expect([ms(0.1234), ms(12.34), ms(123.4)]).to.deep.equal(['0.12', '12.3', '123']);
    expect([mib(12.34), mib(undefined), percent(0.987), percent(undefined)]).to.deep.equal(['12.3', '–', '99 %', '–']);
  });
});
