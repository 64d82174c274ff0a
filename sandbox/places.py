"""List where people live: real area codes with matching cities, states, zips, and time zones."""

from __future__ import annotations

from typing import NamedTuple

# One line is: state, time zone, then "area codes: city zip-start; city zip-start". The vendor
# accepts four time zones only, so the places outside them (marked -) have none.
US = """
AL C 205 659: Birmingham 352; Tuscaloosa 354 | 251: Mobile 366 | 256 938: Huntsville 358
AL C 334: Montgomery 361
AK - 907: Anchorage 995; Fairbanks 997; Juneau 998
AZ M 480 602 623: Phoenix 850; Scottsdale 852; Mesa 852 | 520: Tucson 857
AZ M 928: Flagstaff 860; Yuma 853
AR C 479: Fayetteville 727; Fort Smith 729 | 501: Little Rock 722 | 870: Jonesboro 724
CA P 209: Stockton 952; Modesto 953 | 213 323: Los Angeles 900
CA P 310 424: Santa Monica 904; Torrance 905
CA P 408 669: San Jose 951; Santa Clara 950 | 415 628: San Francisco 941; San Rafael 949
CA P 510 341: Oakland 946
CA P 530: Redding 960; Chico 959 | 559: Fresno 937; Visalia 932 | 562: Long Beach 908
CA P 619 858: San Diego 921
CA P 626: Pasadena 911 | 650: Palo Alto 943; San Mateo 944 | 661: Bakersfield 933
CA P 707: Santa Rosa 954; Vallejo 945
CA P 714 657: Anaheim 928; Santa Ana 927 | 760 442: Palm Springs 922; Escondido 920
CA P 805: Santa Barbara 931
CA P 818 747: Burbank 915; Glendale 912 | 831: Salinas 939 | 909: San Bernardino 924
CA P 916 279: Sacramento 958
CA P 925: Walnut Creek 945 | 949: Irvine 926 | 951: Riverside 925
CO M 303 720: Denver 802; Boulder 803; Aurora 800 | 719: Colorado Springs 809; Pueblo 810
CO M 970: Fort Collins 805
CT E 203 475: New Haven 065; Bridgeport 066; Stamford 069 | 860 959: Hartford 061; Norwich 063
DE E 302: Wilmington 198; Dover 199
DC E 202 771: Washington 200
FL E 239: Naples 341; Fort Myers 339 | 305 786: Miami 331; Hialeah 330
FL E 321 407 689: Orlando 328; Kissimmee 347
FL E 352: Gainesville 326; Ocala 344 | 386: Daytona Beach 321 | 561: West Palm Beach 334
FL E 727: St. Petersburg 337
FL E 813 656: Tampa 336 | 863: Lakeland 338 | 904: Jacksonville 322; St. Augustine 320
FL E 941: Sarasota 342
FL E 954 754: Fort Lauderdale 333; Hollywood 330 | 772: Port St. Lucie 349
FL C 850: Pensacola 325; Panama City 324
GA E 404 470 678: Atlanta 303; Decatur 300 | 229: Albany 317 | 478: Macon 312
GA E 706 762: Augusta 309; Athens 306
GA E 912: Savannah 314; Brunswick 315
HI - 808: Honolulu 968; Hilo 967
ID M 208 986: Boise 837; Idaho Falls 834; Nampa 836
IL C 217: Springfield 627; Champaign 618 | 309: Peoria 616 | 312 773 872: Chicago 606
IL C 618: Carbondale 629
IL C 630 331: Naperville 605 | 708: Oak Park 603 | 779 815: Rockford 611; Joliet 604
IL C 847 224: Evanston 602
IN E 219: Gary 464 | 260: Fort Wayne 468 | 317 463: Indianapolis 462 | 574: South Bend 466
IN E 765: Muncie 473
IN C 812 930: Evansville 477
IA C 319: Cedar Rapids 524; Iowa City 522 | 515: Des Moines 503 | 563: Davenport 528
IA C 712: Sioux City 511
KS C 316: Wichita 672 | 785: Topeka 666; Lawrence 660 | 913: Overland Park 662; Kansas City 661
KY E 502: Louisville 402 | 859: Lexington 405 | 606: Ashland 411
KY C 270: Bowling Green 421; Owensboro 423
LA C 225: Baton Rouge 708 | 318: Shreveport 711 | 337: Lafayette 705 | 504: New Orleans 701
LA C 985: Houma 703
ME E 207: Portland 041; Bangor 044
MD E 240 301: Rockville 208; Frederick 217 | 410 443: Baltimore 212; Annapolis 214
MA E 413: Springfield 011 | 508 774: Worcester 016 | 617 857: Boston 021; Cambridge 021
MA E 978 351: Lowell 018
MI E 248 947: Troy 480 | 269: Kalamazoo 490 | 313: Detroit 482 | 517: Lansing 489
MI E 616: Grand Rapids 495
MI E 734: Ann Arbor 481 | 810: Flint 485 | 906: Marquette 498 | 231: Traverse City 496
MN C 218: Duluth 558 | 320: St. Cloud 563 | 507: Rochester 559 | 612: Minneapolis 554
MN C 651: Saint Paul 551
MS C 228: Biloxi 395 | 601 769: Jackson 392 | 662: Tupelo 388
MO C 314: St. Louis 631 | 417: Springfield 658 | 573: Columbia 652 | 816: Kansas City 641
MT M 406: Billings 591; Missoula 598; Bozeman 597
NE C 402 531: Omaha 681; Lincoln 685 | 308: Grand Island 688
NV P 702 725: Las Vegas 891; Henderson 890 | 775: Reno 895
NH E 603: Manchester 031; Concord 033
NJ E 201 551: Jersey City 073; Hackensack 076 | 609 640: Trenton 086; Atlantic City 084
NJ E 856: Camden 081
NJ E 732 848: New Brunswick 089 | 862 973: Newark 071; Paterson 075 | 908: Elizabeth 072
NM M 505: Albuquerque 871; Santa Fe 875 | 575: Las Cruces 880
NY E 212 332 646 917: New York 100 | 315: Syracuse 132
NY E 347 718 929: Brooklyn 112; Queens 113; Bronx 104
NY E 516: Hempstead 115 | 518 838: Albany 122 | 585: Rochester 146 | 607: Ithaca 148
NY E 631: Huntington 117
NY E 716: Buffalo 142; Niagara Falls 143 | 845: Poughkeepsie 126 | 914: Yonkers 107
NC E 252: Greenville 278 | 336 743: Greensboro 274; Winston-Salem 271 | 704 980: Charlotte 282
NC E 828: Asheville 288
NC E 910: Wilmington 284; Fayetteville 283 | 919 984: Raleigh 276; Durham 277
ND C 701: Fargo 581; Bismarck 585
OH E 216: Cleveland 441 | 234 330: Akron 443; Canton 447 | 419 567: Toledo 436
OH E 513: Cincinnati 452
OH E 614 380: Columbus 432 | 740: Zanesville 437 | 937: Dayton 454
OK C 405: Oklahoma City 731; Norman 730 | 539 918: Tulsa 741 | 580: Lawton 735
OR P 503 971: Portland 972; Salem 973 | 458 541: Eugene 974; Bend 977
PA E 215 267: Philadelphia 191 | 412 878: Pittsburgh 152 | 484 610: Allentown 181; Reading 196
PA E 570: Scranton 185
PA E 717: Harrisburg 171; Lancaster 176 | 814: Erie 165 | 724: Greensburg 156
RI E 401: Providence 029; Newport 028
SC E 803: Columbia 292 | 843: Charleston 294; Myrtle Beach 295 | 864: Greenville 296
SD C 605: Sioux Falls 571; Rapid City 577
TN C 615 629: Nashville 372; Murfreesboro 371 | 731: Jackson 383 | 901: Memphis 381
TN C 931: Clarksville 370
TN E 423: Chattanooga 374 | 865: Knoxville 379
TX C 210 726: San Antonio 782 | 214 469 972: Dallas 752; Plano 750 | 254: Waco 767
TX C 281 713 832: Houston 770
TX C 361: Corpus Christi 784 | 409: Galveston 775; Beaumont 777 | 512 737: Austin 787
TX C 682 817: Fort Worth 761
TX C 806: Lubbock 794; Amarillo 791 | 830: New Braunfels 781 | 903: Tyler 757
TX C 956: Laredo 780; Brownsville 785
TX C 936: Conroe 773 | 940: Denton 762 | 979: College Station 778
TX M 915: El Paso 799
UT M 385 801: Salt Lake City 841; Provo 846 | 435: St. George 847
VT E 802: Burlington 054; Montpelier 056
VA E 276: Bristol 242 | 434: Lynchburg 245 | 540: Roanoke 240
VA E 571 703: Arlington 222; Alexandria 223
VA E 757: Virginia Beach 234; Norfolk 235 | 804: Richmond 232
WA P 206: Seattle 981 | 253: Tacoma 984 | 360 564: Olympia 985; Bellingham 982
WA P 425: Bellevue 980 | 509: Spokane 992
WV E 304 681: Charleston 253; Morgantown 265
WI C 262: Kenosha 531 | 414: Milwaukee 532 | 608: Madison 537; La Crosse 546
WI C 715: Eau Claire 547 | 920: Green Bay 543
WY M 307: Cheyenne 820; Casper 826
"""

CANADA = """
ON E 416 437 647: Toronto M5V; Scarborough M1P | 613 343: Ottawa K1P; Kingston K7L
ON E 519 226: London N6A; Windsor N9A
ON E 905 289: Mississauga L5B; Hamilton L8P | 705: Sudbury P3E
QC E 514 438: Montréal H3B | 418 581: Québec G1R; Lévis G6V
QC E 819 873: Gatineau J8X; Trois-Rivières G9A
QC E 450 579: Laval H7T; Longueuil J4K
BC P 604 778: Vancouver V6B; Surrey V3T | 250: Victoria V8W; Kelowna V1Y
AB M 403 587: Calgary T2P; Red Deer T4N | 780: Edmonton T5J
MB C 204 431: Winnipeg R3C; Brandon R7A
NS - 902: Halifax B3J; Dartmouth B2Y
NB - 506: Fredericton E3B; Moncton E1C
"""

ZONES = {
    "E": "America/New_York",
    "C": "America/Chicago",
    "M": "America/Denver",
    "P": "America/Los_Angeles",
    "-": None,
}


class Place(NamedTuple):
    city: str
    state: str
    zip_start: str
    country: str
    timezone: str | None


def area_codes() -> list[tuple[str, list[Place]]]:
    """Return every area code with the places it serves, always in the same order."""
    codes: list[tuple[str, list[Place]]] = []
    for country, text in (("US", US), ("CA", CANADA)):
        for line in text.strip().splitlines():
            state, zone, rest = line.split(" ", 2)
            for group in rest.split("|"):
                numbers, cities = group.split(":")
                towns = (entry.strip().rsplit(" ", 1) for entry in cities.split(";"))
                places = [Place(city, state, start, country, ZONES[zone]) for city, start in towns]
                codes += [(code, places) for code in numbers.split()]
    return codes
