// Files that esbuild (setup/build/settings.mjs) and jest (jest.config.cjs) load as text.
declare module '*.css' {
  const text: string;
  export default text;
}
declare module '*.client.js' {
  const text: string;
  export default text;
}
