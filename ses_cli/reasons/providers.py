"""Which mail provider a recipient domain belongs to: one receiver's common words hold for its mailboxes only."""

from functools import lru_cache

# provider, as rules name their receiver -> its domains; a name that ends in a dot stands for all country endings
_DOMAINS = {
    "QQ": "qq.com foxmail.com vip.qq.com exmail.qq.com",
    "NetEase": "163.com 126.com yeah.net vip.163.com vip.126.com 188.com netease.com",
    "Sina": "sina.com sina.cn vip.sina.com sina.com.cn 2008.sina.com",
    "Sohu": "sohu.com vip.sohu.com sogou.com chinaren.com",
    "Alibaba Mail": "aliyun.com alibaba-inc.com alimail.com",
    "China Mobile": "139.com",
    "China Telecom": "189.cn 21cn.com",
    "Gmail": "gmail.com googlemail.com",
    "Microsoft": "outlook. hotmail. live. msn.com passport.com windowslive.com",
    "Yahoo": "yahoo. ymail.com rocketmail.com yahoo.co.jp",
    "AOL": "aol. aim.com",
    "iCloud": "icloud.com me.com mac.com",
    "GMX / web.de": "gmx. web.de",
    "T-Online": "t-online.de magenta.de",
    "Orange / La Poste": "orange.fr wanadoo.fr laposte.net voila.fr",
    "SFR": "sfr.fr neuf.fr",
    "Free": "free.fr",
    "Libero": "libero.it virgilio.it iol.it inwind.it blu.it giallo.it",
    "Mail.ru": "mail.ru bk.ru list.ru inbox.ru internet.ru",
    "Yandex": "yandex. ya.ru",
    "Comcast": "comcast.net xfinity.com",
    "AT&T": "att.net sbcglobal.net bellsouth.net",
    "Cox / Spectrum": "cox.net charter.net spectrum.net rr.com twc.com",
    "Verizon": "verizon.net",
    "Zoho": "zoho.com zohomail.com",
    "Naver": "naver.com",
    "Daum / Kakao": "daum.net hanmail.net kakao.com",
    "docomo": "docomo.ne.jp",
    "UOL": "uol.com.br bol.com.br",
    "Terra": "terra.com.br",
    "Rediffmail": "rediffmail.com",
    "Fastmail": "fastmail. messagingengine.com",
    "Proton": "proton.me protonmail.com protonmail.ch pm.me",
}
_BY_DOMAIN = {domain: provider for provider, domains in _DOMAINS.items() for domain in domains.split()}


@lru_cache(1 << 14)
def provider_of(domain: str) -> str:
    """The provider of a recipient domain in lower case, "" where it is not one of the table."""
    return _BY_DOMAIN.get(domain) or _BY_DOMAIN.get(domain.partition(".")[0] + ".", "")
