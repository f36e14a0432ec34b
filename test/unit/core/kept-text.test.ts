import { KeptText } from '../../../src/core/kept-text';
import fc from '../../support/seeded-fast-check';

const [connection, longest] = [5, 10];

test('a text up to the limit is kept unchanged; of a longer one both ends, and the number of omitted characters', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 12 })), (pieces) => {
      const [kept, whole] = [new KeptText(connection), pieces.join('')];
      for (const piece of pieces) kept.take(piece);
      const missing = whole.length - longest;
      const cut = `${whole.slice(0, connection)}\n[${missing} characters left out]\n${whole.slice(-connection)}`;
      expect(kept.text).toBe(missing > 0 ? cut : whole);
    }),
  );
});
