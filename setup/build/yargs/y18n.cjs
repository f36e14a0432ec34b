// y18n 5 without its files of other languages, which it would search for next to the program at each start.
const { format } = require('node:util');

module.exports = () => {
  const own = Object.create(null);
  return {
    __: (text, ...values) => format(own[text] ?? text, ...values),
    __n: (one, other, quantity, ...values) =>
      format(own[one]?.[quantity === 1 ? 'one' : 'other'] ?? (quantity === 1 ? one : other), ...values),
    updateLocale: (strings) => Object.assign(own, strings),
  };
};
