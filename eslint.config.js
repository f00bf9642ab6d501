import tseslint from 'typescript-eslint';

// Who may call whom (docs/architecture.md): faces → model ← planes. Each folder names the folders beside it that
// it may import from; the small words are everyone's.
const SMALL_WORDS = ['assert-never', 'clock', 'errors', 'hosts', 'log', 'sid'];
const FOLDERS = {
  rooms: { may: [], message: 'the model imports no face and no plane' },
  store: { may: ['rooms'], message: 'the store knows the model only' },
  auth: { may: ['rooms', 'store'], message: 'authentication knows the model and the store only' },
  webhooks: {
    may: ['rooms', 'auth', 'store'],
    message: 'status callbacks know the model, accounts and the store',
  },
  ice: { may: [], message: 'what clients are told of ICE servers depends on nothing else' },
  sfu: { may: ['rooms'], message: 'a media plane knows no face and no other plane' },
  doctor: { may: ['auth', 'ice', 'turn'], message: 'the doctor sees the server from the outside' },
  turn: { may: [], message: 'the TURN server knows nothing of rooms' },
  mesh: { may: ['rooms'], message: 'a media plane knows no face and no other plane' },
  signaling: { may: ['rooms', 'auth', 'ice'], message: 'a face knows no plane and no other face' },
  load: { may: [], message: 'the load test knows the protocol only, as any client' },
  rest: { may: ['rooms', 'auth', 'ice', 'store'], message: 'a face knows no plane and no other face' },
};
const MEDIASOUP = { name: 'mediasoup', message: 'only the SFU knows mediasoup' };
const COMPOSITION_ROOT = {
  regex: '(^|/)(server|index)\\.js$|/cli/',
  message: 'nothing imports the composition root',
};

const dependencyRules = Object.entries(FOLDERS).flatMap(([folder, { may, message }]) => {
  const words = SMALL_WORDS.map((word) => `${word}\\.js$`);
  const allowed = [...words, ...may.map((name) => `${name}/`)].join('|');
  const beside = { regex: `^\\.\\./(?!${allowed})`, message };
  return {
    files: [`src/${folder}/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: folder === 'sfu' ? [] : [MEDIASOUP], patterns: [beside, COMPOSITION_ROOT] },
      ],
    },
  };
});

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'native/shim/'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strict, ...tseslint.configs.stylistic],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli/**', 'src/index.ts', 'src/server.ts', 'src/sfu/**'],
    rules: { 'no-restricted-imports': ['error', { paths: [MEDIASOUP], patterns: [COMPOSITION_ROOT] }] },
  },
  ...dependencyRules,
);
