// The activation code, as people write it and as links carry it.

// Crockford's base32: no I, L, O or U, because people read codes aloud and type them.
const CODE = /^[0-9A-HJKMNP-TV-Z]{16}$/;
const MISREAD = { I: "1", L: "1", O: "0" };

// The code as the server knows it, in fours; null where it is none.
export function codeOf(text) {
  const plain = text.replace(/[\s\-\u2010-\u2015.]+/g, "").toUpperCase().replace(/[ILO]/g, (sign) => MISREAD[sign]);
  return CODE.test(plain) ? plain.match(/.{4}/g).join("-") : null;
}

// The code in what was typed, which may be the whole link of the e-mail.
export function codeIn(text) {
  return codeOf(text.includes("://") ? textOfHash(text.slice(text.indexOf("#"))) : text);
}

// What stands behind the # of a link, right or wrong.
export function textOfHash(hash) {
  try {
    return decodeURIComponent(hash.replace(/^#/, ""));
  } catch {
    return hash.replace(/^#/, "");
  }
}
