"""Pages of lists: `?page=2&page_size=100`, with links and the count of what one may see."""

from rest_framework.pagination import PageNumberPagination


class Pages(PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
