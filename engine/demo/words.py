"""The names the generated company is made of: people, firms, places, goods. Nobody here exists."""

from __future__ import annotations

SURNAMES = (
    "王 Wang|李 Li|张 Zhang|刘 Liu|陈 Chen|杨 Yang|黄 Huang|赵 Zhao|吴 Wu|周 Zhou|徐 Xu|孙 Sun|马 Ma|朱 Zhu|胡 Hu|郭 Guo|何 He|林 Lin|"
    "高 Gao|罗 Luo|郑 Zheng|梁 Liang|谢 Xie|宋 Song|唐 Tang|许 Xu|韩 Han|邓 Deng|冯 Feng|曹 Cao|彭 Peng|曾 Zeng|肖 Xiao|田 Tian|董 Dong|"
    "潘 Pan|袁 Yuan|蔡 Cai|蒋 Jiang|余 Yu|于 Yu|杜 Du|叶 Ye|程 Cheng|魏 Wei|苏 Su|吕 Lv|丁 Ding|沈 Shen|欧阳 Ouyang|司马 Sima|诸葛 Zhuge"
)
FEMALE_NAMES = (
    "芳 Fang|娜 Na|敏 Min|静 Jing|丽 Li|艳 Yan|秀英 Xiuying|玉兰 Yulan|雪梅 Xuemei|婷婷 Tingting|欣怡 Xinyi|梓涵 Zihan|雨桐 Yutong|思琪 Siqi|"
    "佳怡 Jiayi|晓燕 Xiaoyan|文静 Wenjing|慧敏 Huimin|美玲 Meiling|诗雨 Shiyu|若曦 Ruoxi|一诺 Yinuo|可欣 Kexin|梦瑶 Mengyao|春梅 Chunmei|"
    "海燕 Haiyan|丽华 Lihua|淑珍 Shuzhen|晨曦 Chenxi|子萱 Zixuan|依依 Yiyi|书瑶 Shuyao|莉 Li|倩 Qian|雅琴 Yaqin|凤英 Fengying"
)
MALE_NAMES = (
    "伟 Wei|强 Qiang|磊 Lei|军 Jun|勇 Yong|杰 Jie|涛 Tao|建国 Jianguo|志强 Zhiqiang|浩然 Haoran|子轩 Zixuan|俊杰 Junjie|宇航 Yuhang|明轩 Mingxuan|"
    "天佑 Tianyou|文博 Wenbo|思远 Siyuan|嘉豪 Jiahao|国庆 Guoqing|海涛 Haitao|鹏飞 Pengfei|志明 Zhiming|家俊 Jiajun|子墨 Zimo|奕辰 Yichen|"
    "睿 Rui|立新 Lixin|振华 Zhenhua|德胜 Desheng|晓东 Xiaodong|建平 Jianping|永福 Yongfu|一鸣 Yiming|承恩 Cheng'en|景行 Jingxing|辉 Hui"
)
WESTERN_SURNAMES = (
    "Smith|Jones|Taylor|Brown|Williams|Wilson|Johnson|Davies|Evans|Thomas|Roberts|Walker|Wright|Thompson|White|Hughes|Edwards|Green|Hall|"
    "Wood|Harris|Clarke|Müller|Schmidt|Schneider|Fischer|Weber|Wagner|Becker|Hoffmann|Schäfer|Koch|Martin|Bernard|Dubois|Durand|Moreau|"
    "Laurent|Lefèvre|Garcia|Miller|Anderson|Nguyen|Martinez|Robinson|Lewis|O'Brien|Murphy|Kelly|MacDonald|Campbell|Stewart|Tremblay|Roy"
)
WESTERN_FEMALE = (
    "Emma|Olivia|Ava|Sophia|Isabella|Mia|Charlotte|Amelia|Harper|Evelyn|Hannah|Anna|Lena|Marie|Léa|Chloé|Camille|Julie|Grace|Alice|"
    "Margaret|Susan|Karen|Linda|Patricia|Barbara|Ruth|Helen|Zoë|Freya"
)
WESTERN_MALE = (
    "Liam|Noah|Oliver|James|William|Benjamin|Lucas|Henry|Alexander|Jack|Daniel|Michael|David|Thomas|Paul|Jonas|Felix|Lukas|Hugo|Louis|"
    "Gabriel|Jules|George|Arthur|Robert|Richard|Charles|Peter|Jürgen|Owen"
)

PLACES = (
    "CN 华东 上海 14|CN 华东 杭州 7|CN 华东 南京 5|CN 华东 苏州 5|CN 华东 宁波 3|CN 华东 合肥 2|CN 华东 青岛 3|CN 华南 深圳 9|CN 华南 广州 8|CN 华南 佛山 2|"
    "CN 华南 东莞 2|CN 华南 厦门 2|CN 华北 北京 11|CN 华北 天津 4|CN 华北 石家庄 1|CN 华北 太原 1|CN 华中 武汉 4|CN 华中 长沙 3|CN 华中 郑州 3|CN 西南 成都 6|"
    "CN 西南 重庆 4|CN 西南 昆明 2|CN 西南 贵阳 1|CN 西北 西安 3|CN 西北 兰州 1|CN 东北 沈阳 2|CN 东北 大连 2|CN 东北 哈尔滨 1|"
    "US California San_Francisco 4|US California Los_Angeles 3|US New_York New_York 4|US Washington Seattle 2|US Illinois Chicago 2|"
    "US Texas Austin 2|GB England London 5|GB England Manchester 2|GB Scotland Edinburgh 1|DE Bayern München 2|DE Berlin Berlin 2|"
    "DE Hamburg Hamburg 1|FR Île-de-France Paris 3|FR Rhône Lyon 1|CA Ontario Toronto 2|CA Québec Montréal 1|"
    "AU New_South_Wales Sydney 3|AU Victoria Melbourne 2"
)
"""Country, region, city, and how many of a hundred customers live there."""

STORES = (
    "华东 上海静安店 周敏 何俊杰|华东 杭州湖滨店 林晓燕 徐磊|华南 深圳南山店 黄嘉豪 梁倩|华南 广州天河店 邓文静 曾伟|华北 北京三里屯店 赵思远 郭丽|"
    "华中 武汉江汉店 彭海燕 胡涛|西南 成都太古里店 罗欣怡 唐勇|西北 西安钟楼店 马立新|东北 大连中山店 于志强"
)
"""Region, store, and who sells there."""

ACCOUNT_MANAGERS = (
    "华东 沈慧敏|华南 叶家俊|华北 高振华|华中 袁诗雨|西南 杜鹏飞|西北 苏雅琴|东北 宋建平|west Laura_Bennett|west Daniel_Fischer"
)
PHONE_TEAM = "肖梦瑶|田国庆|Grace_Lin"

INDUSTRIES = (
    "catering 餐饮 Catering|hotel 酒店管理 Hotels|education 教育科技 Academy|retail 商贸 Trading|technology 信息技术 Software|"
    "manufacturing 制造 Works|healthcare 健康 Health|finance 投资咨询 Advisors|media 文化传媒 Media|logistics 物流 Logistics"
)
BRANDS_FIRST = "云 华 嘉 盛 启 明 远 瑞 新 禾 天 金 海 星 泰 安 汇 德 恒 和"
BRANDS_SECOND = "禾 源 创 泽 辰 宇 达 合 悦 诚 信 通 丰 盈 航 润 联 拓 朗 景"
WESTERN_BRANDS = (
    "Harbour|Finch|Northgate|Willow|Copper|Alder|Bright|Granite|Meridian|Larkspur|Juniper|Falcon|Cedar|Anchor|Summit|Heron|Maple|Beacon|"
    "Clover|Kestrel|Orchard|Sterling|Thistle|Wren"
)
SUFFIXES = {"US": "Inc.", "GB": "Ltd", "DE": "GmbH", "FR": "SARL", "CA": "Inc.", "AU": "Pty Ltd"}

PHONES = {
    "CN": "+86 100 {a:04d} {b:04d}",
    "US": "+1 202 555 01{c:02d}",
    "CA": "+1 604 555 01{c:02d}",
    "GB": "+44 7700 900{d:03d}",
    "DE": "+49 30 23125 {d:03d}",
    "FR": "+33 1 99 00 {e:02d} {c:02d}",
    "AU": "+61 2 5550 {b:04d}",
}
"""Numbers that belong to nobody: ranges reserved for fiction; for China, which has none, a prefix no mobile phone has."""

GOODS = {
    "tea": "龙井 Longjing_tea 96|碧螺春 Biluochun_tea 88|铁观音 Tieguanyin_tea 78|普洱 Pu'er_tea 128|茉莉花茶 Jasmine_tea 46|白茶 White_tea 118|"
    "正山小种 Lapsang_souchong 92|菊花茶 Chrysanthemum_tea 36",
    "coffee": "云南咖啡豆 Yunnan_coffee_beans 68|意式拼配 Espresso_blend 72|冷萃咖啡 Cold_brew 39|挂耳咖啡 Drip_bags 49|瑰夏 Geisha_beans 188|"
    "无因咖啡 Decaf_beans 76|燕麦奶 Oat_milk 22|咖啡糖浆 Coffee_syrup 34",
    "kitchen": "铸铁锅 Cast-iron_pot 399|炒锅 Wok 259|菜刀 Chef's_knife 229|砧板 Chopping_board 89|电热水壶 Kettle 179|手冲壶 Pour-over_kettle 239|"
    "保温杯 Thermos 99|蒸笼 Bamboo_steamer 59",
    "tableware": "青花碗 Blue-and-white_bowl 39|紫砂壶 Yixing_teapot 329|茶杯 Tea_cup 29|餐盘 Plate 35|筷子 Chopsticks 25|玻璃杯 Tumbler 32|"
    "托盘 Tray 69|咖啡杯 Coffee_cup 45",
    "home": "香薰蜡烛 Scented_candle 89|亚麻毛巾 Linen_towel 59|羊毛毯 Wool_blanket 299|抱枕 Cushion 79|台灯 Desk_lamp 199|花瓶 Vase 129|"
    "收纳盒 Storage_box 49|地垫 Door_mat 65",
    "stationery": "笔记本 Notebook 28|钢笔 Fountain_pen 168|毛笔 Calligraphy_brush 58|宣纸 Rice_paper 42|墨水 Ink 48|日历 Calendar 39|"
    "文件夹 Folder 15|印章 Seal 138",
    "gifts": "月饼礼盒 Mooncake_box 198|春节礼盒 Spring_festival_box 268|圣诞礼盒 Christmas_box 228|茶叶礼盒 Tea_gift_box 358|丝巾 Silk_scarf 318|"
    "折扇 Folding_fan 68|明信片 Postcards 20|礼品卡 Gift_card 200",
    "office": "办公咖啡机 Office_coffee_machine 2980|饮水机 Water_dispenser 899|会议茶包 Meeting_tea_bags 118|纸杯 Paper_cups 45|"
    "胶囊咖啡 Coffee_capsules 149|滤水器 Water_filter 189|清洁套装 Cleaning_set 79|员工礼包 Staff_gift_set 168",
}
"""Category: goods with their price in yuan, the best-selling first."""


def table(text: str) -> list[list[str]]:
    """The rows of a list above: split at |, then at spaces; _ stands for a space."""
    return [[part.replace("_", " ") for part in row.split(" ")] for row in text.split("|")]


def column(text: str, at: int = 0) -> list[str]:
    """One column of a list above."""
    return [row[at] for row in table(text)]
