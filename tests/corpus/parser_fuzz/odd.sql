select stream a
from s -– dash
// c
;
*****
