// docs/configuration.md, made from config/config.yaml, which shows every key with its default and help.
const heading = `<!-- Made from config/config.yaml by \`npm run docs\`. -->

# Configuration

\`/etc/migrate-guard/config.yaml\`, on the front-end and on hosts. A file that is not there means the defaults. A key that
does not exist is an error, and the nearest one is named; a section that holds none means its defaults. With such a
mistake every command says so and ends (exit 64). Only OpenNebula's drivers go on, without the guard:
[opennebula.md](opennebula.md#a-guard-that-cannot-run).

After a change run \`migrate-guard doctor\` as root on that machine: what scripts have to know where Node is missing is
written down then (\`/etc/migrate-guard/fallback.env\`).

All times are in seconds, from 1 to 3600. All paths are absolute.`;

/** @param text of config.yaml as it is shipped, all of it comments */
function configurationPage(text) {
  const sections = [];
  let help = [];
  for (const line of text.split('\n')) {
    const [, section] = /^# ([a-z]+):$/.exec(line) ?? [];
    const [, key, value] = /^# {3}([a-z_]+): (.*)$/.exec(line) ?? [];
    const [, words] = /^# {3}# (.*)$/.exec(line) ?? [];
    if (section !== undefined) sections.push({ section, keys: [] });
    if (words !== undefined) help.push(words);
    if (key !== undefined) sections.at(-1).keys.push({ key, value, help });
    if (words === undefined) help = [];
  }
  const parts = sections.map(({ section, keys }) =>
    [
      `## ${section}`,
      ...keys.map(
        ({ key, value, help }) => `\`${section}.${key}\`, by default \`${value}\`\n\n${help.join('\n')}`,
      ),
    ].join('\n\n'),
  );
  return `${[heading, ...parts].join('\n\n')}\n`;
}

module.exports = { configurationPage };
