import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Folders of src, from the outside in; an import may only point from an earlier row to a later one. */
const layers = [['entry'], ['cli'], ['workflows'], ['checks', 'steps', 'opennebula'], ['system'], ['core']];

function mayNotImport(row) {
  const above = layers.slice(0, row).flat();
  const own = layers[row].length > 1 ? layers[row] : [];
  return (folder) => [...above, ...own.filter((name) => name !== folder)];
}

const directions = layers.flatMap((folders, row) =>
  folders.map((folder) => {
    const forbidden = mayNotImport(row)(folder);
    const patterns = [
      {
        regex: `^(\\.\\./)+(${forbidden.join('|')})(/|$)`,
        message: `${folder}/ may not import from there (see docs/architecture.md).`,
      },
    ];
    if (folder === 'core') {
      patterns.push({
        regex: '^(node:|[a-z@])',
        message: 'core/ is pure: it knows neither Node nor packages.',
      });
    }
    if (folder === 'checks') {
      patterns.push({ regex: '^(node:|(\\.\\./)+system/)', message: 'checks/ are pure over facts.' });
    }
    return {
      files: [`src/${folder}/**/*.ts`],
      rules: {
        'no-restricted-imports': ['error', { patterns: forbidden.length > 0 ? patterns : patterns.slice(1) }],
      },
    };
  }),
);

/** What one file does for all of `src`, with what is asked for by `import` or by `import()` elsewhere. */
const onlyHere = [
  {
    file: 'src/system/isolated.ts',
    selector: 'Literal[value="runuser"]',
    message: "asOtherUser keeps root's terminal, variables and descriptors from another user.",
  },
  imported('node:child_process', 'src/system/child-process.ts'),
  imported('execa', 'src/system/command.ts'),
  imported('winston', 'src/system/log.ts'),
];

function imported(name, file) {
  const source = `[source.value=/^(node:)?${name.replace('node:', '')}(-transport)?$/]`;
  return {
    file,
    selector: `:matches(ImportDeclaration, ImportExpression, ExportNamedDeclaration, ExportAllDeclaration)${source}`,
    message: `Only ${file} may import ${name}.`,
  };
}

function restrictedSyntax(isRestricted) {
  const restricted = onlyHere.filter(isRestricted).map(({ selector, message }) => ({ selector, message }));
  return { 'no-restricted-syntax': ['error', ...restricted] };
}

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // nodenext asks for no extension in CommonJS; the other two are matters of taste that read well here.
      '@typescript-eslint/no-confusing-void-expression': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'Date',
          property: 'now',
          message: 'The clock on the wall may jump: measure and wait by performance.now().',
        },
        ...['setuid', 'setgid', 'seteuid', 'setegid', 'setgroups', 'initgroups'].map((property) => ({
          object: 'process',
          property,
          message: 'Node 20 with io_uring refuses it: start a process with src/system/as-user-argv.ts.',
        })),
      ],
    },
  },
  { files: ['src/**/*.ts'], rules: restrictedSyntax(() => true) },
  ...onlyHere.map(({ file }) => ({ files: [file], rules: restrictedSyntax((one) => one.file !== file) })),
  {
    files: ['test/**/*.ts'],
    ignores: ['test/fast-check.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: [{ name: 'fast-check', message: 'test/fast-check.ts gives all of them one seed.' }] },
      ],
    },
  },
  ...directions,
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        Buffer: 'readonly',
        module: 'writable',
        require: 'readonly',
        __dirname: 'readonly',
        setTimeout: 'readonly',
        URL: 'readonly',
      },
    },
  },
  {
    files: ['**/*.client.js'],
    languageOptions: {
      globals: {
        document: 'readonly',
        getSelection: 'readonly',
        history: 'readonly',
        location: 'readonly',
        navigator: 'readonly',
        setTimeout: 'readonly',
        window: 'readonly',
      },
    },
  },
);
