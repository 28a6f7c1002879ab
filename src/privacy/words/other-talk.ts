/**
 * What speaks of passwords without telling one: a log that counts who failed to log in, a button to click after one was
 * typed, a rule to tell nobody, whom to ring up, numbers in a queue, of orders and the last ones of cards, words that are
 * searched for, words of forms and templates, the status of an answer. It is taken out before the search by names and
 * evidence. Each piece is bounded, and holds nothing that could be a value. Pure.
 */

import { LOCK } from './lock-words.ts';

const any = (text: string): string =>
  text
    .trim()
    .split(/\s*,\s*/)
    .join('|');

const SHARE = any(
  `share, give, tell, send, reveal, disclose, teil\\p{L}*, gib, geben, verrat\\p{L}*, weiter\\p{L}*, sende, partage\\p{L}*, communiqu\\p{L}*,
  donne\\p{L}*, divulgu\\p{L}*, compart\\p{L}*, comparta\\p{L}*, diga\\p{L}*, revel\\p{L}*, envi\\p{L}*, inform\\p{L}*, divulg\\p{L}*, forneç\\p{L}*, condivid\\p{L}*,
  comunic\\p{L}*, rivel\\p{L}*, dare, сообща\\p{L}*, передава\\p{L}*, говори\\p{L}*, дели\\p{L}*, раскрыва\\p{L}*, давай\\p{L}*`,
);
const NEVER = any(
  `never, do not, don't, don’t, please do not, niemals, nie, nicht, keinesfalls, jamais, ne, nunca, jamás, no, não, mai, non, никогда, не, никому`,
);
/** A sentence that says whose, to whom and why, without a sign or a digit. */
const TELL_NOBODY = new RegExp(
  `(?<!\\p{L})(?:${NEVER})\\s(?:\\p{L}{1,14}\\s){0,3}(?:${SHARE})(?!\\p{L})[\\p{L} ,'’-]{3,140}(?=[.!;\\n]|$)`,
  'giu',
);
const TELL_NOBODY_IN_CJK =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul} ]{2,30}(?:を|는|은|를)(?:誰にも|他人に|누구에게도|타인에게)[\p{Script=Han}\p{Script=Hiragana}\p{Script=Hangul} ]{2,20}|(?:请勿|切勿|不要)(?:向|把|将|与|告诉)[\p{Script=Han}]{2,24}/gu;
/** What it is would come after one of these. */
const TELLS = /(?<!\p{L})(?:is|ist|lautet|est|es|é|è|это)(?!\p{L})/iu;

const CLICK = any(
  `click, tap, press, hit, klick\\p{L}*, drück\\p{L}*, cliquez, clique, appuyez, pulse, pulsa, haga clic, haz clic, presione, presiona,
  toque, toca, clica, aperte, premi, premere, clicca, cliccare, fai clic, fare clic, нажми\\p{L}*, кликни\\p{L}*, щелкни\\p{L}*`,
);
const ON = any(
  `on, the, button, sie, auf, den, die, das, schaltfläche, button, sur, le, bouton, en, el, botón, em, no, botão, su, il, pulsante, на, кнопку`,
);
/** A button: `click “Log in”`, `нажмите «Войти»`, `「ログイン」をクリック`. */
const CLICKED = new RegExp(
  `(?<!\\p{L})(?:${CLICK})\\s?(?:(?:${ON})\\s){0,3}[«“"„'「『]\\p{L}[\\p{L} ]{1,30}[»”“"'」』]`,
  'giu',
);
const CLICKED_IN_CJK =
  /[「『"“'][\p{L}ー ]{2,20}[」』"”'](?:ボタン| ?버튼)?(?:を|을|를)?\s?(?:クリック|押|タップ|選択|클릭|누르|눌러|선택)|(?:点击|单击|按下|點擊)\s?[“"「『][\p{L} ]{1,12}[”"」』]/gu;

/** Logs: `Failed password for invalid user oracle from 198.51.100.23 port 50122 ssh2`. */
const LOGGED =
  /\b(?:failed|accepted|invalid|incorrect|wrong|postponed)\s(?:password|keyboard-interactive(?:\/pam)?|none|publickey)\sfor\s(?:(?:invalid|illegal)\suser\s)?[\w.@$-]{0,40}\sfrom\s[\da-f.:]{3,45}(?:\sport\s\d{1,5})?(?:\sssh2?)?/gi;
const REFUSED =
  /\b(?:password\sauthentication\sfailed\sfor\s(?:user\s)?["'`]?[\w.@-]{1,40}["'`]?|access\sdenied\sfor\suser\s\S{1,80}\s\(using\spassword:\s(?:yes|no)\)|identify\spassword\sfor\s\[[^\]\n]{1,40}\]|(?:imap|pop3|submission|managesieve)-login:\s[^\n]{0,60}\(auth\sfailed[^\n]{0,160}|authentication\sfailure;(?:\s{1,2}\w{1,10}=[\w./:-]{0,60}){1,9})/gi;

/** A number in a queue: in Portuguese it is called as a password is. */
const QUEUE = /guich[êe]|balc[ãa]o|\bfila\b|painel|atendimento|triagem|chamad[ao]|retire|aguarde/i;
const TICKET =
  /(?<!\p{L})(?:[Ss]enha|SENHA)s?(?!\p{L})[\p{L} :º°.]{0,40}?(?<=[ º°.:])(?:[A-Z]{1,3}[- ]?\d{1,4}|\d{1,3})(?![\p{L}\d-])/gu;
/** `Su turno es B-047, pase a la caja 3`. */
const TURN =
  /(?<!\p{L})(?:[Tt]urno|[Ww]artenummer|[Tt]icket|[Tt]alon|[Тт]алон)(?:\s(?:actual|número|is|es|ist|è|est|n°|nº|№))?:?\s[A-ZА-Я]{1,2}-?\d{1,4}(?![\p{L}\d-])/gu;
const AROUND = 100;
const NEAR = 50;
const SENTENCE_END = /[.!?]\s|[。！？\n]/;
/** `The door code is your booking number 5582`. */
const CODE =
  /code|\bpin\b|pass|kennwort|senha|clave|contrase|código|codice|\bкод|пароль|пин|パス|コード|暗証|密码|码|비번|비밀번호|암호|코드/iu;

const THING = any(
  `order, ticket, tracking, booking, invoice, customer, case, shipment, parcel, claim, bestell, auftrags, vorgangs, sendungs, rechnungs, kunden, buchungs, ticket, warte,
  commande, suivi, facture, dossier, colis, réservation, client, pedido, turno, seguimiento, factura, cliente, reserva, expediente, envío, guía, protocolo,
  rastreio, rastreamento, fatura, nota, ordine, prenotazione, spedizione, pratica, fattura, tracciamento, заказа, талона, брони, отправления, накладной, обращения, заявки`,
);
const NUMBER = any(`number, no, nummer, nr, numéro, número, numero, номер`);
const IS = any(`is, ist, lautet, est, es, é, è, это, was, war, era`);
const VALUE = '#?(?=[A-Z\\d-]{0,12}\\d)[A-Z\\d]{1,12}(?:-[A-Z\\d]{1,12}){0,4}(?![\\p{L}\\d-])';
/** The number of an order: `Su número de pedido es ES-558204-17`. */
const NUMBERED = new RegExp(
  `(?<!\\p{L})(?:(?:${THING})[- ]?(?:${NUMBER})|(?:${NUMBER})\\.?\\s(?:(?:de|do|da|del|della|di|du|d')\\s?)?(?:(?:la|le|votre|su|tu|seu|sua|tuo|suo|ваш\\p{L}*)\\s)?(?:${THING}))\\.?:?\\s(?:(?:${IS})\\s|:\\s)?${VALUE}`,
  'giu',
);
const NUMBERED_IN_CJK =
  /(?:注文|受付|予約|追跡|整理券|問い?合わせ|伝票|订单|快递单|排队|预约|取号|运单|주문|대기|예약|송장|접수|운송장)\s?(?:番号|号码?|번호)\s?(?:は|是|为|은|는|:)?\s?#?(?=[A-Z\d-]{0,12}\d)[A-Z\d]{1,12}(?:-[A-Z\d]{1,12}){0,4}/gu;

/** A word that is searched for. */
const KEYWORD =
  /(?<!\p{L})(?:parol[ae] chiave|palabras? claves?|palavras?-chaves?|mots?[- ]cl[ée]s?|schlüssel(?:wort|wörter|begriff)|ключев(?:ое|ые|ых) слов\p{L}{0,2}|key ?words?)(?!\p{L})|キーワード|关键[词字]|키워드/giu;
const SEARCH =
  /search|google|seo|result|such|artikel|recherch|article|moteur|búsqueda|busca|buscador|resultado|artículo|artigo|pesquisa|ricerc|cercat|articolo|risultat|поиск|запрос|стат[ьеи]|результат|検索|記事|搜索|文章|论文|검색|논문/iu;

/** The last digits of a card or an account: `our card ending in 4410`. */
const LAST_DIGITS =
  /(?<!\p{L})(?:(?:ending|ends|ended|that ends|which ends)(?:\s(?:in|with|on))?|(?:(?:mit|den)\s)?(?:den\s)?(?:endziffern?|endnummer)|(?:mit\s)?endung|endet auf|(?:que\s|qui\s|che\s)?(?:se\s|s')?(?:termin|finiss|finit|finalizad|acab)\p{L}{0,6}\s(?:en|em|por|par|con|in|com)|final|оканчива\p{L}+(?:\sна)?|заканчива\p{L}+(?:\sна)?|на конце)[\s:.*•x…-]{1,8}\d{3,4}(?![\p{L}\d-])|(?:visa|mastercard|amex|card|karte|tarjeta|carte|cartão|carta|карт[аыуе])\s(?:nr\.?\s|no\.?\s)?[*•xX]{2,4}(?:[ -]?[*•xX]{4}){0,2}[ -]?\d{4}(?![\p{L}\d-])|(?:末尾|下4桁|下四桁|尾号|尾號|끝자리|끝번호|뒷자리)(?:が|は|为|是|가|는)?\s?\d{3,4}(?![\p{L}\d-])/giu;
const CARD =
  /card|visa|mastercard|amex|account|iban|kart|konto|carte|compte|tarjeta|cuenta|cart[ãa]|conta|карт|счет|счёт|カード|口座|卡|账户|카드|계좌/iu;

/** `my wifi password, is there a way to show it`. */
const ANY_WAY =
  /,\s(?:(?:is|was) there (?:a|any|some|no)|gibt es (?:eine|einen|irgendeine)|(?:est-ce qu'|y a-t-)il (?:y a )?(?:une?|un)|¿?hay (?:alguna|un|una)|(?:tem|há|existe) (?:alguma?|um|uma)|c'è (?:un|qualche)|есть ли (?:какой-то )?)\s{0,2}\p{L}{2,14}(?:(?:\s[\p{L}'’]{1,20}){1,24}(?=\?)|(?=\s\p{L}))/giu;

/** What it is to be would come after one of these. */
const GIVES = /\s(?:to be|be|to|as|into|auf|als|en|como|in|a|à|на)\s\p{L}+$/iu;

/** Whom to ring up: `llama al 900 100 200`. A lock has fewer digits. */
const RING_UP =
  /(?<!\p{L})(?:call|calls|ring|phone|telephone|hotline|helpline|rufen?|ruft|anrufen|telefon|tel|hotline|appele[rz]|téléphone[rz]?|llam[ea]n?|llamar|teléfono|ligue|liga|ligar|telefone|chiam[aie]|chiamare|telefon[aoi]|numero verde|звоните|позвоните|телефон\p{L}*)[.:]?\s(?:(?:us|sie|uns|bitte|die|unter|nous|on|at|the|number|nummer|au|le|al|el|número|para|o|ao|il|allo|lo|numero|по|номеру?|телефону|нам|back|immediately|sofort|at|hotline|helpline|bank|back)\s){0,4}(?=(?:[^\d\n]{0,3}\d){8,15}(?!\d))(?:\+|00|\()?\d[\d ()./-]{6,20}\d(?![\p{L}\d])/giu;

/** What a form says, in a file of its words: `"login.pin.hint": "4 to 6 digits"`. */
const FORM_WORDS =
  /(?<![\w.-])[\w-]{1,40}(?:\.[\w-]{1,40}){0,6}(?:\.(?:hint|title|help|description|tooltip|message|info|note)|[._-]?(?:label|placeholder|helper|helptext|error|invalid|forgot|subtitle|caption|rules?|required|tooShort|too_short|length|format))["']?\s?[:=]\s?(["'])(?=[^"'\n]{0,200}\s)[^"'\n]{3,200}\1/giu;

/** No word of a form, or one that tells what it is. */
const HOLDS_VALUE = /\p{L}\d|\d\p{L}|\d{3}|[!#$%^&*+@_]\p{L}|[:：=]|\s(?:is|ist|lautet|est|es|é|è|это)\s/u;

/** What a template fills in: `{{ vault_password | password_hash('sha512') }}`. */
const TEMPLATE = /\{\{[-~]?\s{0,4}[A-Za-z_.$][^{}\n]{0,200}\}\}/g;
/** When a tool sets a password: `update_password: on_create`. */
const WHEN_SET =
  /\b(?:update|change|reset|rotate|expire|generate|force|set|require|ask|prompt|renew)_?(?:pass(?:word|wd)|pw|secret|token|key)s?["']?\s{0,3}[:=]\s{0,3}["']?(?:on[_-][a-z]{4,12}|always|never|at[_-](?:next[_-])?[a-z]{4,8}|if[_-][a-z]{4,12}|once|daily|weekly|monthly|yearly)(?![\w-])/giu;

/** The sum of a file of a key, and the name of a commit. */
const SUM =
  /\b(?:md5|sha-?\d{1,3}|crc32|check ?sum|fingerprint|hash|prüfsumme|empreinte|suma|somma|хеш)(?:[ -]?(?:sum|hash|digest))?\s(?:of|for|von|de|du|di)\s[\w./~-]{1,80}\.(?:key|pem|crt|pub|p12)\s?(?:is|ist|est|es|è|=|:)\s?[\da-f:]{32,128}(?!\w)|\b(?:commit|revision|changeset)\s(?=[\da-f]{0,39}[a-f])[\da-f]{7,40}(?!\w)/giu;

/** What a server answered: `(코드 401)`. */
const STATUS =
  /(?:(?<!\p{L})(?:(?:http|status|error|response|exit|fehler|antwort|erreur|retour|de)[- ]?)?(?:codes?|código|codigo|codice|код\p{L}{0,2}|コード|代码|代碼|状态码|코드)|상태|ステータス|状态)\s?(?:[:：=は为是]\s?)?(?:40\d|41\d|42[1-9]|43[1]|451|50\d|51[01]|30[1-8])(?![\p{L}\d-])/giu;
const FAILED =
  /error|fehler|erreur|errore?\b|erro\b|fail|invalid|expired|ungültig|abgelaufen|expir|inválid|invalide|http|status|server|response|request|unauthori|forbidden|ошибк|сервер|недейств|истек|истёк|エラー|失敗|無効|期限|サーバ|错误|失败|无效|过期|服务器|오류|에러|실패|유효하지|만료|서버/iu;

interface Piece {
  /** What is quick to look for. */
  may: RegExp;
  piece: RegExp;
  /** What is left in its place. */
  stays?: string;
  isOther?: (piece: string, around: string, before: string) => boolean;
}

const PIECES: readonly Piece[] = [
  { may: / for [^\n]{1,60} from /, piece: LOGGED, stays: 'login' },
  { may: /fail|denied|identify/i, piece: REFUSED, stays: 'login' },
  { may: /["'“„«「『]/, piece: CLICKED },
  { may: /[“"「『']/, piece: CLICKED_IN_CJK },
  {
    may: /never|n[o'’]t\s|nicht|nie|keines|jam[aá]is|\bn[eo]\s|n[uã][no]|mai\s|non\s|ник|не\s/i,
    piece: TELL_NOBODY,
    isOther: (piece) => !TELLS.test(piece),
  },
  { may: /[\u3000-\u9fff\uac00-\ud7af]/, piece: TELL_NOBODY_IN_CJK },
  { may: /senha/i, piece: TICKET, isOther: (_, around) => QUEUE.test(around) },
  { may: /turno|wartenummer|ticket|talon|талон/i, piece: TURN },
  {
    may: /number|\bno[. ]|num[eé]ro|número|nummer|\bnr|номер/i,
    piece: NUMBERED,
    isOther: (piece, _, before) =>
      !/\p{Ll}[\p{L}\d-]*\d|\d[\p{L}\d-]*\p{Ll}/u.test(piece) && !CODE.test(before),
  },
  { may: /[番号號번]/, piece: NUMBERED_IN_CJK, isOther: (_, _around, before) => !CODE.test(before) },
  {
    may: /chiave|clave|chave|cl[ée]|schlüssel|ключев|key|キー|关键|키워/i,
    piece: KEYWORD,
    isOther: (_, around) => SEARCH.test(around),
  },
  {
    may: /[*•x]\d|[*•x] \d|end|final|termin|finis?|finaliz|acab|конч|末尾|下[4四]桁|尾[号號]|끝|뒷자리/i,
    piece: LAST_DIGITS,
    isOther: (_, around, before) => CARD.test(around) && !CODE.test(before),
  },
  { may: /, /, piece: ANY_WAY, isOther: (piece) => !GIVES.test(piece) },
  { may: /\d[ ()./-]?\d{2}/, piece: RING_UP },
  {
    may: /["']\s?[:=]\s?["']|=\s?["']/,
    piece: FORM_WORDS,
    stays: '',
    isOther: (piece) => !HOLDS_VALUE.test(piece.slice(piece.search(/[:=]/) + 1)),
  },
  {
    may: /\{\{/,
    piece: TEMPLATE,
    stays: '{{ x }}',
    isOther: (piece) => !/default|coalesce|ternary|\bor\b|\belse\b|[:=]/i.test(piece),
  },
  { may: /_?(?:pass|pw|secret|token|key)/i, piece: WHEN_SET },
  { may: /[\da-f]{7}/i, piece: SUM },
  {
    may: /[345]\d\d/,
    piece: STATUS,
    isOther: (_, around) => FAILED.test(around) && !LOCK.test(around),
  },
];

export const withoutOtherTalk = (text: string): string => {
  let rest = text;
  for (const { may, piece, stays = '·', isOther } of PIECES) {
    if (!may.test(rest)) continue;
    const whole = rest;
    rest = whole.replaceAll(piece, (found: string, ...others: unknown[]) => {
      const at = others.find((other) => typeof other === 'number') ?? 0;
      const around = whole.slice(Math.max(0, at - AROUND), at + found.length + AROUND);
      const before =
        whole
          .slice(Math.max(0, at - NEAR), at)
          .split(SENTENCE_END)
          .pop() ?? '';
      return isOther === undefined || isOther(found, around, before) ? stays : found;
    });
  }
  return rest;
};
