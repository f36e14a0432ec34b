import type { MessageRow } from '../messages/message';
import type { sections as Sections } from '../messages';

const heading = `<!-- Made from src/messages by \`npm run docs\`. -->

# Messages

Every message says what was found, and after \`->\` what to do. A word in braces stands for what the message is about.
To look into QEMU's mount namespace yourself: \`nsenter -t PID -m ls -la /dev/…\`.`;

/** docs/messages.md: every row of the table. */
export function messagesPage(sections: typeof Sections): string {
  const parts = sections.map(([title, rows]) =>
    [
      `## ${title}\n`,
      '| id | message | cause | what to do |',
      '| --- | --- | --- | --- |',
      ...Object.entries(rows).map(([id, row]) => `| \`${id}\` | ${cells(row).join(' | ')} |`),
    ].join('\n'),
  );
  return `${[heading, ...parts].join('\n\n')}\n`;
}

function cells({ text, cause = '', remedy = '' }: MessageRow): readonly string[] {
  return [text, cause, remedy].map((cell) => cell.replaceAll('|', '\\|').replaceAll('<', '&lt;'));
}
