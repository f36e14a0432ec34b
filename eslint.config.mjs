import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Folders of src: a file may only import from its own folder or from an earlier row. */
const layers = [
  ['messages'],
  ['core'],
  ['os'],
  ['config', 'file-tree'],
  ['cli', 'hypervisor', 'opennebula'],
  ['destination'],
  ['block-state'],
  ['disk-paths'],
  ['move', 'relink', 'watch'],
  ['agent-protocol'],
  ['fleet', 'plugin'],
  ['doctor'],
  ['agent'],
  ['commands'],
  ['main'],
];

const directions = layers.flatMap((folders, row) =>
  folders.map((folder) => ({
    files: [`src/${folder}/**/*.ts`],
    rules: {
      'no-restricted-imports': ['error', { patterns: [mayNotImport(folder, row)].filter(Boolean) }],
    },
  })),
);

function mayNotImport(folder, row) {
  const forbidden = layers
    .slice(row)
    .flat()
    .filter((name) => name !== folder);
  return (
    forbidden.length > 0 && {
      regex: `^(\\.\\./)+(${forbidden.join('|')})(/|$)`,
      message: `${folder}/ may not import from there (see docs/architecture.md).`,
    }
  );
}

/** The pure code, which decides: it imports neither Node nor packages, and nothing that does. */
const pure = layers.flatMap((folders, row) =>
  folders.map((folder) => {
    const inside =
      folder === 'core' || folder === 'messages'
        ? [folder]
        : [`${folder}/model`, ...(folder === 'disk-paths' ? ['disk-paths/checks'] : [])];
    return {
      files: inside.map((path) => `src/${path}/**/*.ts`),
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: [
              {
                regex: '^(node:|[a-z@])',
                message: 'What decides is pure: it knows neither Node nor packages.',
              },
              {
                // Pure code may import only pure code of its own folder, too.
                regex: '^(\\.\\./)+(?!\\.\\.)(?!(core|[a-z-]+/model|model)/|(config/)?settings$|messages$)',
                message: 'What decides is pure: it may import model/ and core/ only.',
              },
              mayNotImport(folder, row),
            ].filter(Boolean),
          },
        ],
      },
    };
  }),
);

/**
 * Things that one file does for all of `src`, and modules that other files must load in the other form (`import` or
 * `import()`).
 */
const onlyHere = [
  {
    file: 'src/os/isolated.ts',
    selector: 'Literal[value="runuser"]',
    message: "asOtherUser keeps root's terminal, variables and descriptors from another user.",
  },
  imported('node:child_process', 'src/os/child-process.ts'),
  imported('execa', 'src/os/run-command.ts'),
  imported('winston', 'src/os/log.ts'),
];

function imported(name, file) {
  const source = `[source.value=/^(node:)?${name.replace('node:', '')}(-transport)?$/]`;
  return {
    file,
    selector: `:matches(ImportDeclaration, ImportExpression, ExportNamedDeclaration, ExportAllDeclaration)${source}`,
    message: `Only ${file} may import ${name}.`,
  };
}

/** All texts about a VM are in one place. */
const text = ':matches(Literal, TemplateLiteral)';
const messagesOnly = {
  selector: [
    `Property[key.name=/^(what|remedy|unknown|why|short)$/] > ${text}`,
    `VariableDeclarator[id.name=/^(what|remedy|unknown|why|short)$/] > ${text}`,
    `:matches(NewExpression[callee.name='GuardError'], CallExpression[callee.name='failureOf']) > :matches(TemplateLiteral, Literal[value=/ /])`,
  ].join(', '),
  message: 'A text about a VM is a row of src/messages.',
};

/** Folders that may hold texts: only the table itself. */
const withTexts = ['messages'];

function restrictedSyntax(...restricted) {
  const pairs = restricted.map(({ selector, message }) => ({ selector, message }));
  return { 'no-restricted-syntax': ['error', ...pairs] };
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
      // nodenext requires no extension in CommonJS; the other two are matters of style.
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
          message: 'Node 20 with io_uring refuses it: start a process with src/os/as-user-argv.ts.',
        })),
      ],
    },
  },
  { files: ['src/**/*.ts'], rules: restrictedSyntax(...onlyHere, messagesOnly) },
  ...withTexts.map((folder) => ({ files: [`src/${folder}/**/*.ts`], rules: restrictedSyntax(...onlyHere) })),
  ...onlyHere.map(({ file }) => ({
    files: [file],
    rules: restrictedSyntax(...onlyHere.filter((one) => one.file !== file), messagesOnly),
  })),
  {
    files: ['test/**/*.ts'],
    ignores: ['test/support/seeded-fast-check.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [
            { name: 'fast-check', message: 'test/support/seeded-fast-check.ts gives all of them one seed.' },
          ],
        },
      ],
    },
  },
  ...directions,
  ...pure,
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
