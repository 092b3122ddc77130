import { expect } from 'chai';
import { blankText, importsOf, linesWith } from '../src/source-text.ts';

describe('importsOf', () => {
  const forms: Record<string, string> = {
    'a static import': "import { a } from 'x';",
    'an import over several lines': "import {\n  a,\n  type B,\n} from\n'x';",
    'a type import': "import type { A } from 'x';",
    'a default and a namespace import': 'import a, * as b from "x";',
    'a side effect': "import 'x';",
    'a re-export': "export * from 'x';",
    'a named re-export': "export { a as b } from 'x';",
    'a dynamic import': "const a = await import('x');",
    'an import in a template': "const a = `${await import('x')}`;",
    'an import type': "type A = import('x').A;",
    'a require': "const a = require('x');",
    'a resolved name': "import.meta.resolve('x');",
    'an import after a regular expression with a quote': "const a = /['\"`]/;\nimport 'x';",
    'an import after a class with a slash': "const a = /[/'\"]+/g.test(b);\nimport 'x';",
    'an import after divisions': "const a = b / c / (d) / 2; import 'x';",
  };
  for (const [name, source] of Object.entries(forms)) {
    it(`finds ${name}`, () => expect(importsOf(source).map(({ specifier }) => specifier)).to.deep.equal(['x']));
  }

  const others: Record<string, string> = {
    'a line comment': "// import 'x';\n",
    'a block comment': "/* import 'x';\n import 'y'; */",
    'a string': 'const a = "import \'x\';";',
    'a template': "const a = `import 'x'; ${b} import 'y'`;",
    'a nested template': "const a = `${b({ c: `import 'x'` })} import 'y'`;",
    'a name that is computed': 'await import(name);',
    'an export without a source': "export const a = 'x';\nconst from = 'y';",
  };
  for (const [name, source] of Object.entries(others)) {
    it(`is not misled by ${name}`, () => expect(importsOf(source)).to.deep.equal([]));
  }

  it('names the line', () => {
    expect(importsOf("import 'a';\n\nimport {\n  b,\n} from 'b';\n")).to.deep.equal([
      { specifier: 'a', line: 1 },
      { specifier: 'b', line: 5 },
    ]);
  });
});

describe('linesWith', () => {
  it('sees code only', () => {
    const source = "// console.log\nconst a = 'console.log';\nconsole.log(`console.log ${console.log}`);\n";
    expect(linesWith(source, /console\.log/g)).to.deep.equal([3, 3]);
  });
});

describe('blankText', () => {
  for (const unfinished of ["'abc", '`abc', '`${', '/* abc', '// abc', 'a = /abc', "'abc\\"]) {
    it(`ends at the end of the file: ${unfinished}`, () => {
      expect(blankText(unfinished)).to.have.length(unfinished.length);
    });
  }

  it('keeps offsets and line breaks', () => {
    const source = "const a = '\\'x';\n/* b\n c */ const d = `e\nf`;";
    const blank = blankText(source);
    expect(blank).to.have.length(source.length);
    expect(blank).to.equal("const a = '   ';\n    \n      const d =   \n  ;");
  });
});
