/** What opens with a number, what a number is sent for, and what numbers are called, in the languages people write. Pure data. */

const any = (text: string): string =>
  text
    .trim()
    .split(/\s*[,\n]\s*/)
    .filter((word) => word !== '')
    .join('|');

/** Of Latin and Cyrillic words; `\p{L}` takes many times as long to make ready where case counts for nothing. */
const LETTER = '[a-zà-öø-ÿœа-яё]';

/** Latin and Cyrillic words stand alone; `*` is what they are inflected with. */
const words = (text: string, others: string): RegExp =>
  new RegExp(
    `(?<!${LETTER})(?:${any(text.replaceAll('*', `${LETTER}*`))})(?!${LETTER})|${any(others)}`,
    'iu',
  );

/** What a number is called that opens something. */
export const CODE = words(
  `codes?, passcode, keycode, host key, digits, pin, pins, pincode, combinations?, combo, digicode, tan, mtan, otp, puk, c[óo]digos?, codice, codici,
  combinaci[óo]n, combinação, combinazione, combinaison, segredo, clave, *kombination, *code, *zahl, ziffern,
  код*, пин, пины, пин-?код*, комбинаци*, цифр*, пароль*, passwords?, passwort, kennwort, mot de passe, mdp, contraseña, senha, palavra-passe`,
  `コード, 暗証, 番号, ナンバー, 密码, 密碼, 代码, 验证码, 驗證碼, 校验码, 确认码, 动态码, ワンタイム, 取件码, [开取提入解授核][一-龥]?[一-龥]?码, 解锁码, 提货码, 开门码, 授权码, 口令, 코드, 번호, 비번, 암호`,
);

/** What has a lock, a keypad or an alarm. */
export const LOCK = words(
  `*doors?, gates?, entrance, garage, safe, vault, lockers?, lock, padlock, bike lock, alarm, lobby, elevator, lift, shed, lockbox,
  key ?box, key ?safe, keypad, suitcase, luggage, mailbox, parcel locker, building, stairwell, cabinet, storage unit, storage, smart lock, server room, intercom,
  *tür, 
  (?:garagen|hof|einfahrts|garten|schiebe|roll|eingangs)?tor, *schloss, *tresors?, *safe, alarmanlage, alarm, spind, *briefkasten, koffer, kellers?, eingang, schlüsselkasten,
  schlüsselbox, schließfach, *raum, tastenfeld, molettes?, zahlenräd*, rotelle, ruedas, porte, portail, portillon, ascenseur, verisure, immeuble, coffre(?:-fort)?, cadenas, alarme, casier, valise, hall, interphone,
  boîte à clés?, consigne, puerta, portal, portón, portero automático, telefonillo, videoportero, interfono, porteiro eletrônico, portaria, interfone, caja, elevador, garaje, caja fuerte, candado, alarma, taquilla, maleta, edificio, trastero, verja, porta, portão, cofre,
  cadeado, armário, mala, prédio, garagem, fechadura, cancello, portone, cassaforte, lucchetto, allarme, armadietto, valigia, ingresso, citofono,
  antifurto, cantina, box (?:bici|auto), cerradura, fechadura*, двер*, домофон*, калитк*, ворот*, шлагбаум*, сейф*, замок, замк*, сигнализаци*, охран*,
  подъезд*, чемодан*, ячейк*, камер* хранения, шкафчик*, гараж*`,
  `セコム, 警備, 玄関, 裏口, キーパッド, テンキー, ドア, 扉, 金庫, ロッカー, 警報, アラーム, オートロック, 正門, 倉庫, スーツケース, 宅配ボックス, キーボックス, 南京錠, 入口, 自転車の鍵, ダイヤル錠,
  大门, 门锁, 门禁, 单元门, 后门, 房门, 保险箱, 保险柜, 储物柜, 行李箱, 车库, 警报, 密码锁, 快递柜, 寄存, 丰巢, 驿站, 钥匙盒, 현관, 출입문, 정문, 후문, 금고, 사물함, 키패드, 번호판, 락커, 라커, 도어락, 자물쇠, 창고, 캐리어, 무인택배함, 경비`,
);

/** What does nothing else than lock: a number that it `is` needs no further name. */
export const LOCK_ALONE = words(
  `padlock, lockbox, smart lock, combination lock, key ?box, key ?safe, safe, safe deposit, vault, lock ?screen, screen lock, keypad, bike lock, tresor, schlüsselkasten, schlüsselbox, (?:schlüssel|hotel|möbel|waffen|zimmer)-?(?:tresor|safe), zahlenschloss, fahrradschloss, *schloss, sperrbildschirm,
  bildschirmsperre, entsperr*, cadenas, antivol, coffre-fort, coffre, boîte à clés?, verrouillage, candado, caja fuerte, caja de llaves, desbloqueo, cofre, cadeado, desbloqueio, cassaforte, lucchetto, cassetta delle chiavi, cassetta di sicurezza, serratura,
  sblocco, digicode, *combo, combinations?, сейф*, замок, замк[аеу], блокировк*, разблокировк*, ключниц*`,
  `キーボックス, 金庫, 南京錠, ダイヤル錠, ロック解除, 的锁, 画面ロック, 锁屏, 屏幕锁, 密码锁, 保险箱, 保险柜, 钥匙盒, 解锁, 금고, 자물쇠, 도어락, 잠금화면, 잠금 화면, 잠금해제, 패턴`,
);

/** Codes that come in a list, for the day when nothing else lets one in. */
export const SPARE = words(
  `backup, recovery, rescue, scratch, emergency, spare, wiederherstellung*, ersatz*, notfall*, secours, récupération, respaldo, recuperaci[óo]n, recuperação, reserva, recupero, emergenza, riserva, резервн*, запасн*, восстановлени*`,
  `予備, バックアップ, 復旧, 回復, リカバリー, 恢复, 备用, 備用, 紧急, 복구, 백업, 비상`,
);

/** What a number is sent for that is used once. */
export const ONCE = words(
  `verif*, confirmation, one[- ]?time, login, sign-in, log-in, security, sms, 2fa, mfa, otp, authenticat*, two-factor, bestätigung*, sicherheit*,
  überweisung*, *freigabe, anmeldung, anmelde*, einmal*, tan, mtan, vérification, sécurité, connexion, validation, usage unique, verificaci[óo]n, seguridad, confirmaci[óo]n, acceso,
  verifica[çc][ãa]o, segurança, confirmação, acesso, verifica, sicurezza, conferma, accesso, usa e getta, подтвержд*, вход*, безопасност*, смс, одноразов*, авторизаци*, text message, received, reçu, recib*, llegado, llegó, recebi, chegou, ricevuto, arrivato, erhalten, bekommen, пришел, пришёл, пришло, bonifico, überweisen, virement, transferencia, transferência, comprar?, compra, achat, перевод*`,
  `認証, ワンタイム, 本人確認, 検証, セキュリティ, 验证, 驗證, 校验, 动态, 인증, 본인확인, 보안, 일회용, OTP, 届いた, ショートメール, 短信, 收到, 문자`,
);

/** What is kept with a PIN. */
export const PINNED = words(
  `card, bank, debit, credit, atm, sim, phone, tablet, laptop, *karte, handy, telefon, konto, girocard, carte, portable, téléphone, tarjeta, móvil, cajero,
  cartão, celular, telemóvel, bancomat, carta, cellulare, telefono, карт*, телефон*, симк*, банк*, iphone, ipad`,
  `カード, 口座, 通帳, スマホ, 携帯, キャッシュ, 银行卡, 卡, 手机, 카드, 통장, 계좌, 휴대폰, 핸드폰`,
);
const PIN = /pin|puk|пин|暗証|密码|비번|비밀번호|geheimzahl|code confidentiel|código secreto/i;
/** Whether the name of a number is that of a PIN. */
export const isPin = (name: string): boolean => PIN.test(name);

/** What asks for a number and has no lock. */
export const DEVICE = words(
  `voicemail, answering machine, parental, *radio, *navi, satnav, console, tv, netflix, switch, xbox, playstation, meeting, conference, call, sim, puk, telephone banking, anrufbeantworter, mailbox, kindersicherung, jugendschutz, fernseher,
  parental*, répondeur, messagerie, autoradio, télé, buzón de voz, control parental, tele, caixa postal, elevador, segreteria, televisore, antifurto, centralin[oa], автоответчик*, родительск*, магнитол*, приставк*, симк*`,
  `見守り, ペアレンタル, ナビ, 留守電, ゲーム機, 盗難防止, ダイヤル, 会议, 语音信箱, 家长, 会议室密码, 자녀, 음성사서함, 내비, 도난`,
);

/** What is done to open it, where the number has no name: `the alarm turns off with 6093`. */
export const OPENS = words(
  `desbloque*, unlock*, sblocc*, entsperr*, déverrouill*, разблокир*, chius*, closed, locked, geschlossen, abgeschlossen, cerré, fechei, fermé, закрыл*, запер*, quita*, desconect*, apag*, ausschalt*, ausgeschaltet, geht aus, spegn*, turned off, switch(?:ed|es)? off, opens?, unlocks?, eingegeben, eingestellt, verrückt, turned, set, disarms?, deactivates?, turns? off, turn it off, press, punch in, key in, dial, type, enter, einstellen, eingeben, eintippen, tipp*, drück*, wähl*, gibst?, öffne*, geht (?:auf|mit), entschärf*,
  désactiv*, ouvr*, s'ouvre, tap*, compos*, abr*, desactiva*, marca*, tecle*, pulsa*, digit*, deslig*, desativ*, apr[ie]*, disattiv*, disinserisc*, inserisc*,
  открыва*, открой*, набер*, набира*, нажм*, введ*, отключа*, снимается`,
  `押し, 押す, 入力, 打ち, 打って, 回し, 開き, 開く, 解除, 按, 输入, 输, 打开, 解锁, 开门, 눌러, 누르, 입력, 열려, 열리, 맞추, 해제`,
);

/** A code of these is none that opens anything. */
export const OTHER_CODE = words(
  `error, errors, fehler*, erreurs?, errores, erro, erros, errore, errori, ошибк*, postal, postleitzahl, zip, post, area, country, dialling, dialing, exit, status, return, response, http, reason, product, item,
  article, artikel*, produkt*, promo*, discount, coupon, voucher, gutschein*, rabatt*, remise, descuento, desconto, sconto, товар*, скидк*, промокод*, producto, produto, prodotto, articolo,
  артикул*, dress, source, qr, bar, barcode, strich, quell*, tax, fiscal, fiscale, civil, penal, building code, model, fault, diagnostic, colou?r, farb*, sort, swift, bic, iata, iso,
  order, bestell*, commande, pedido, ordine, заказ*, invoice, rechnung*, facture, factura, fatura, fattura, счет*, tracking, phone, telefon*, téléphone, teléfono, telefone, telefono, телефон*,
  customer, client, cliente, клиент*, kunden*, serial, serien*, ticket, case, course, kurs*, part, part number, teile*, индекс*`,
  `エラー, 商品, 郵便, 注文, 電話, 型番, 品番, 追跡, 伝票, 会員, 错误, 邮政, 邮编, 商品, 订单, 快递单, 电话, 型号, 오류, 에러, 우편, 상품, 주문, 전화, 송장, 에러코드`,
);

/** What joins a number to what it is the code of. */
export const RELATED =
  /(?:[:=：→»>"'“「『【】[]|(?<![a-zà-öø-ÿœа-яё])(?:is|are|was|ist|sind|lautet|lauten|war|heißt|steht|hat|has|tiene|est|sont|c'est|es|son|é|são|è|sono|это|будет|теперь|now|jetzt|to|auf|zu|à|a|en|em|su|sur|на|with|mit|der|avec|con|com|col|с|puse|pus|meti|digitei|probé|luego|then|puis|dann|poi|depois|потом|tapé|essayé|typed|tried|entered|ввела?|ввёл|набрала?|ho messo|(?:cambiat[oa]|impostat[oa]|mess[oa])[^\d\n]{0,40} in|use|enter|press|type|tapez?|tape|marca|digita|введи[a-zà-öø-ÿœа-яё]*|наб[a-zà-öø-ÿœа-яё]*|кодом)|—|–|は|が|を|に|是|为|為|改成|成|은|는|이|가|을|를|로)[\s"'“„«「『【([*`]{0,4}(?:(?:the|le|la|der|die|den|o|il|el|still|immer noch|toujours|wieder)\s)?$/iu;

/** Another number, by the word before it: `room 204`, `order no. 4711`, `at 1530`. */
export const NUMBERED =
  /(?:\b(?:room|raum|zimmer|salle|chambre|sala|stanza|aula|habitación|quarto|floor|page|line|zeile|step|port|level|apartment|apt|suite|bus|linie|tram|train|treno|flight|voo|vuelo|vol|gate|section|chapter|kapitel|rfc|http|https|article|artikel|artículo|articolo|art|order|invoice|ticket|chamado|issue|pr|ref|dossier|plan|plano|year|im jahr|until|till|bis|jusqu'à|hasta|até|fino alle|до|at|um|alle|ore|às|as|las|each|about|over|nearly|around|version|build|model|typ|type|modell|modello|modelo|no|nr|num|tel|phone|ext|extension|rue|via|calle|rua)|№|#|n°|nº|кабинет[a-zà-öø-ÿœа-яё]*|комнат[a-zà-öø-ÿœа-яё]*|квартир[a-zà-öø-ÿœа-яё]*|этаж[a-zà-öø-ÿœа-яё]*|дом|рейс|артикул|стр|号楼|房间|教室|号室)[.:]?\s{0,2}$/iu;

/** What instruments and catalogues say. */
export const MEASURE =
  /(?:reading|measure|sensor|threshold|value|level|count|temperature|pressure|price|cost|messwert|wert|preis|valeur|prix|valor|precio|preço|valore|prezzo|цена|значени|width|height|size|breite|höhe|größe|largeur|hauteur|幅|高さ|奥行|价格|宽|高|가격)[a-zà-öø-ÿœа-яё]*[\s:=]{0,3}$/iu;

/** No more than that: a year may stand after any other relation. */
export const IS =
  /(?:[:=：→"'「]|(?<![a-zà-öø-ÿœа-яё])(?:is|are|was|ist|lautet|war|est|c'est|es|é|è|это|with|mit|avec|con|com|on|to|auf|на|a)|は|が|是|为|은|는|이|가)\s{0,2}$/iu;

/** Who sends codes, and that one came. */
export const SENDER =
  /(?<![a-zà-öø-ÿœа-яё])(?:bank[a-zà-öø-ÿœа-яё]*|banque|banco|banca|банк[a-zà-öø-ÿœа-яё]*|whatsapp|сбер|тинькофф|госуслуг|вход|uber|lyft|telegram|google|paypal|amazon|apple|facebook|instagram|sms|app|confirm[a-zà-öø-ÿœа-яё]*|valid[a-zà-öø-ÿœа-яё]*|autoriz[a-zà-öø-ÿœа-яё]*|login)(?![a-zà-öø-ÿœа-яё])|銀行|银行|은행|카카오|微信|支付宝|文字|短信|문자/iu;
export const RECEIVED =
  /(?:(?<![a-zà-öø-ÿœа-яё])(?:received|got|gets?|sent(?: me)?|texted|recebi|chegou|recibí|llegado|llegó|enviado|envoyé|reçu|пришло|пришёл|пришел|прислал[a-zà-öø-ÿœа-яё]*|bekommen|erhalten|geschickt|schickt[a-zà-öø-ÿœа-яё]*|ricevuto|arrivato|mandato|mandou|enviou|envió)(?![a-zà-öø-ÿœа-яё])|届いた|来た|收到|发来|받은|왔)[^\d,.;]{0,20}$/iu;

/** What such messages end with. */
export const TELL_NOBODY =
  /never share|(?:do not|don'?t) (?:share|tell|give)|niemandem|nicht weiter|ne (?:le |la )?(?:communiquez|partagez|donnez)|no (?:lo |la )?compart|não (?:o |a )?compart|non (?:lo |la )?(?:condivid|comunic)|никому|誰にも|他人に|教えない|请勿|勿(?:泄|告)|不要告诉|타인에게|알려주지/iu;

/** Whose code it is: those of things and of shops are nobody's own. */
export const OWN =
  /(?<![a-zà-ÿ])(?:my|your|his|her|mein|dein|ihr|mon|votre|ton|mi|tu|su|meu|seu|il mio|il tuo|il suo|tuo|mio|мой|ваш|твой)\s(?:\p{L}+\s)?(?:code|código|codigo|codice|код)(?![a-zà-ÿ])/iu;

/** A measure or an amount. */
export const UNIT =
  /^\s?(?:ms|mm|cm|m|km|kg|g|kw|w|v|hz|[kmg]?bps|[kmgt]i?b|px|pt|nm|rpm|psi|mah|euros?|eur|usd|gbp|chf|dollars?|reais|pesos|円|元|원|руб|мс|мм|кг|квт|м|points?|punti|puntos|баллов|times|mal|fois|veces|rows|lines|files|users|calls|messages|raw)(?![a-zа-яё\p{L}])/iu;
