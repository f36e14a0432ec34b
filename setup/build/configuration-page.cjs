// Makes docs/configuration.md from config/config.yaml, which lists every key with its default and help.
const heading = `<!-- Made from config/config.yaml by \`npm run docs\`. -->

# Configuration

The configuration is in \`/etc/migrate-guard/config.yaml\`, on the front-end and on hosts. If the file does not exist, the
defaults apply; a section without keys means its defaults, too. An unknown key is an error, and the message names the
nearest known key. With such a mistake, every command reports it and ends (exit 64). Only OpenNebula's drivers continue,
without the guard: [opennebula.md](opennebula.md#a-guard-that-cannot-run).

After a change, run \`migrate-guard doctor\` as root on that machine. It writes the values that scripts need when Node is
missing to \`/etc/migrate-guard/fallback.env\`.

All times are in seconds, from 1 to 3600. All paths are absolute.`;

/** @param text of config.yaml as it is shipped: comments only */
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
