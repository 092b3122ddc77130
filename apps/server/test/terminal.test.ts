import { expect } from 'chai';
import { PassThrough } from 'node:stream';
import { askYesOrNo } from '../src/terminal.ts';

async function answerTo(typed: string): Promise<{ yes: boolean; shown: string }> {
  const input = new PassThrough();
  const output = new PassThrough({ encoding: 'utf8' });
  const asked = askYesOrNo('Go on?', { input, output });
  input.end(typed);
  const yes = await asked;
  return { yes, shown: String(output.read()) };
}

describe('a question', () => {
  it('is answered with yes, in any case', async () => {
    for (const typed of ['y\n', 'Y\r\n', ' yes \n', 'YES', 'y\nn\n']) {
      expect(await answerTo(typed), typed).to.deep.equal({ yes: true, shown: 'Go on? [y/N] ' });
    }
  });

  it('is answered with no by all else, also by nothing', async () => {
    for (const typed of ['', '\n', 'n\n', 'yess\n', 'yes please\n', '\ny\n']) {
      expect((await answerTo(typed)).yes, typed).to.equal(false);
    }
  });
});
